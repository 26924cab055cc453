"""Inversion, on the drawn avatars' generator and on a small untrained one."""

import numpy as np
import pytest
import torch

from kaogan import recipes
from kaogan.data.avatars import draw, sample_avatar
from kaogan.errors import UsageError
from kaogan.images import to_model
from kaogan.latent.encoder_file import NAME, read_encoder
from kaogan.latent.inversion import invert, pixel_distance, refine, surprise, with_features
from kaogan.models import DCGAN
from kaogan.rng import latents
from kaogan.zoo import FOLDER, pretrained

STEPS = 120


@pytest.fixture(scope="module")
def generator():
    return pretrained("avatars-64").generator


@pytest.fixture(scope="module")
def encoder(generator):
    return read_encoder(FOLDER / "avatars-64" / NAME, generator)


def test_generated_faces_are_found_again(generator, encoder):
    z = latents([11, 12, 13, 14], 100)
    pictures = generator(z).detach()
    found = invert(generator, encoder, pictures, STEPS)
    chance = pixel_distance(pictures, pictures.roll(1, 0))
    assert found.encoded_error.mean() < 0.3 * chance.mean()
    assert found.error.mean() < 0.15 * chance.mean()
    assert torch.cosine_similarity(found.latents, z).mean() > 0.3
    torch.testing.assert_close(
        found.error, pixel_distance(pictures, generator(found.latents).detach())
    )


def test_a_drawn_avatar_gets_a_nearer_face_than_the_best_of_many(generator, encoder):
    drawn = np.stack([draw(sample_avatar(7, number), 64) for number in range(3)])
    pictures = to_model(torch.from_numpy(drawn))
    with torch.inference_mode():
        many = generator(latents(list(range(64)), 100))
        best = torch.stack([(many - picture).abs().mean((1, 2, 3)).min() for picture in pictures])
    found = invert(generator, encoder, pictures, STEPS)
    assert (found.error < best).all()
    assert (found.error < found.encoded_error).all()
    lengths = found.latents.norm(dim=1)
    assert ((lengths > 8.5) & (lengths < 11.5)).all()


def test_refinement_never_makes_it_worse(generator, encoder):
    noise = 2 * torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) - 1
    found = invert(generator, encoder, noise, steps=3)
    assert (found.error <= found.encoded_error).all()
    none = invert(generator, encoder, noise, steps=0)
    assert torch.equal(none.latents, none.encoded)
    assert torch.equal(none.error, none.encoded_error)


def test_a_picture_is_found_the_same_alone_and_in_a_batch(generator, encoder):
    pictures = generator(latents([21, 22], 100)).detach()
    both = invert(generator, encoder, pictures, steps=5)
    alone = invert(generator, encoder, pictures[1:], steps=5)
    torch.testing.assert_close(both.latents[1:], alone.latents, atol=1e-3, rtol=1e-3)


def test_the_prior_is_none_on_the_sphere():
    z = torch.tensor([[2.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [2.0, 2.0, 0.0, 0.0]])
    torch.testing.assert_close(surprise(z), torch.tensor([0.0, 1.0, 1.0]))


def test_the_pixel_distance():
    one, other = torch.zeros(2, 3, 4, 4), torch.ones(2, 3, 4, 4)
    other[1, 0] = 4.0
    torch.testing.assert_close(pixel_distance(one, other), torch.tensor([1.0, 2.0]))


@pytest.mark.parametrize("packing", [1, 2])
def test_a_discriminator_sees_what_pixels_do_not_say(packing):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        judge = DCGAN(size=32, width=4, packing=packing).discriminator().eval()
    rng = torch.Generator().manual_seed(1)
    one, other = (torch.rand(2, 3, 32, 32, generator=rng) for _ in range(2))
    distance = with_features(judge, weight=0.5)
    assert torch.equal(distance(one, one), torch.zeros(2))

    shares, maps = [], [picture.repeat(1, packing, 1, 1) for picture in (one, other)]
    for layer in judge.layers[:-1]:
        maps = [layer(each) for each in maps]
        if isinstance(layer, torch.nn.LeakyReLU):
            apart, size = (maps[0] - maps[1]).abs(), maps[0].abs()
            shares.append(apart.mean((1, 2, 3)) / size.mean((1, 2, 3)))
    expected = pixel_distance(one, other) + 0.5 * torch.stack(shares).mean(0)
    torch.testing.assert_close(distance(one, other), expected)


def test_features_of_a_picture_do_not_depend_on_the_others_in_the_batch():
    judge = recipes.standard(size=32, width=4).model.discriminator()
    rng = torch.Generator().manual_seed(1)
    one, other = (torch.rand(4, 3, 32, 32, generator=rng) for _ in range(2))
    assert (judge(one)[:1] - judge(one[:1])).abs() > 1e-4  # as its logits do
    distance = with_features(judge)
    together = distance(one, other)
    alone = torch.cat([distance(one[n : n + 1], other[n : n + 1]) for n in range(4)])
    torch.testing.assert_close(together, alone)


def test_refining_by_features_lowers_that_distance(generator):
    judge = DCGAN(width=8).discriminator().eval()
    distance = with_features(judge)
    pictures = generator(latents([31], 100)).detach()
    start = torch.nn.functional.normalize(latents([32], 100)) * 10
    found = refine(generator, pictures, start, steps=10, distance=distance)
    with torch.no_grad():
        before, after = (distance(pictures, generator(z)) for z in (start, found))
    assert after < 0.8 * before


def test_negative_steps(generator, encoder):
    with pytest.raises(UsageError):
        invert(generator, encoder, torch.zeros(1, 3, 64, 64), steps=-1)
