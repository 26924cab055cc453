"""The encoder, on a small untrained generator: it draws blots, each another latent's."""

import copy
import json
import math

import pytest
import torch
from safetensors import safe_open
from torch import nn

from kaogan.errors import KaoganError
from kaogan.latent.encoder import Encoder, augment, to_sphere, train_encoder
from kaogan.latent.encoder_file import read_encoder, write_encoder
from kaogan.models import DCGAN
from kaogan.training.sampling import standing_statistics
from kaogan.zoo import pretrained

LATENT_DIM = 8


def make_generator(seed: int = 0, size: int = 32, channels: int = 3) -> nn.Module:
    """Settled, with contrast: the initial weights alone draw grey."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = DCGAN(size=size, channels=channels, latent_dim=LATENT_DIM, width=4)
        generator = model.generator()
    with torch.no_grad():
        generator.layers[-2].weight.mul_(20)
    return standing_statistics(generator, LATENT_DIM, 256)


@pytest.fixture(scope="module")
def generator() -> nn.Module:
    return make_generator()


@pytest.fixture(scope="module")
def encoder(generator) -> Encoder:
    return train_encoder(generator, LATENT_DIM, pictures=3200)


def latents(count: int, seed: int = 5) -> torch.Tensor:
    return torch.randn(count, LATENT_DIM, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("size", [32, 64, 128, 256])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_size_gives_latents_of_the_right_length(size, channels):
    encoder = Encoder(size, channels, latent_dim=100).eval()
    said = encoder(torch.rand(2, channels, size, size) * 2 - 1)
    assert said.shape == (2, 100)
    torch.testing.assert_close(said.norm(dim=1), torch.full((2,), 10.0))
    assert sum(weight.numel() for weight in encoder.parameters()) <= 1_000_000


def test_to_the_sphere():
    z = torch.tensor([[3.0, 4.0], [0.0, 0.1]])
    expected = math.sqrt(2) * torch.tensor([[0.6, 0.8], [0.0, 1.0]])
    torch.testing.assert_close(to_sphere(z), expected)


def test_it_learns_which_latent_drew_a_picture(generator, encoder):
    z = latents(64)
    with torch.no_grad():
        pictures = generator(z)
        said = encoder(pictures)
        error = (generator(said) - pictures).abs().mean()
        chance = (pictures.roll(1, 0) - pictures).abs().mean()
    assert torch.cosine_similarity(said, z).mean() > 0.8
    assert error < 0.5 * chance


def test_the_same_seed_gives_the_same_encoder_and_the_generator_is_left_alone(generator):
    before = copy.deepcopy(generator.state_dict())
    wishes = [parameter.requires_grad for parameter in generator.parameters()]
    one, same, other = (train_encoder(generator, LATENT_DIM, 64, seed) for seed in (1, 1, 2))
    for name, weight in one.state_dict().items():
        assert torch.equal(weight, same.state_dict()[name])
    assert not torch.equal(one.layers[0].weight, other.layers[0].weight)
    assert [parameter.requires_grad for parameter in generator.parameters()] == wishes
    for name, weight in generator.state_dict().items():
        assert torch.equal(weight, before[name])


def test_augmented_pictures_are_near_the_originals_and_not_the_same():
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        pictures = pretrained("avatars-64").generator(torch.randn(32, 100, generator=rng))
    changed = augment(pictures, rng)
    assert changed.shape == pictures.shape
    assert changed.abs().max() <= 1
    difference = (changed - pictures).abs().flatten(1).mean(1)
    between = (pictures.roll(1, 0) - pictures).abs().flatten(1).mean(1)
    assert difference.min() > 0
    assert difference.mean() < 0.5 * between.mean()


def test_an_encoder_is_read_back(generator, encoder, tmp_path):
    pictures = generator(latents(8)).detach()
    write_encoder(encoder, generator, tmp_path / "whole")
    write_encoder(encoder, generator, tmp_path / "half", half=True)
    whole, half = (read_encoder(tmp_path / name, generator) for name in ("whole", "half"))
    with torch.no_grad():
        torch.testing.assert_close(whole(pictures), encoder(pictures))
        torch.testing.assert_close(half(pictures), encoder(pictures), atol=0.02, rtol=0)
    sizes = [(tmp_path / name).stat().st_size for name in ("whole", "half")]
    assert sizes[1] < 0.6 * sizes[0]


def test_one_of_another_generator_is_noticed(generator, encoder, tmp_path):
    assert read_encoder(tmp_path / "none", generator) is None
    write_encoder(encoder, generator, tmp_path / "encoder")
    assert read_encoder(tmp_path / "encoder", make_generator(seed=1)) is None


def test_a_damaged_one_is_one_line(generator, encoder, tmp_path):
    file = tmp_path / "encoder"
    write_encoder(encoder, generator, file)
    content = file.read_bytes()
    with safe_open(file, framework="pt") as opened:
        assert json.loads(opened.metadata()["encoder"])["shape"]["latent_dim"] == LATENT_DIM
    for broken in (content[:-9], b"", content.replace(b"width", b"girth")):
        file.write_bytes(broken)
        with pytest.raises(KaoganError, match="damaged"):
            read_encoder(file, generator)
