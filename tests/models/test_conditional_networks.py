"""DCGAN's networks with labels."""

import pytest
import torch

from kaogan import recipes
from kaogan.convolutions import PRODUCTS, Plan, use
from kaogan.errors import UsageError
from kaogan.label_vectors import wish
from kaogan.labels import Attribute
from kaogan.models import DCGAN

HAIR = Attribute(name="hair-colour", kind="categories", values=("pink", "blue", "black"))
SMILE = Attribute(name="smile", kind="flag")
MODEL = DCGAN(
    size=32, width=4, latent_dim=8, norm="none", initialization="he", minibatch_std=2,
    attributes=(HAIR, SMILE),
)  # fmt: skip
LATENTS = torch.randn(4, 8, generator=torch.Generator().manual_seed(0))
PICTURES = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(1))
NOTHING = torch.zeros(4, 5)
PINK = wish(MODEL.attributes, {"hair-colour": "pink", "smile": "yes"})


def made(player: str) -> torch.nn.Module:
    torch.manual_seed(0)
    network = MODEL.generator() if player == "generator" else MODEL.discriminator()
    for parameter in network.parameters():  # also what begins with 0
        torch.nn.init.normal_(parameter, 0.0, 0.1)
    return network.eval()


def test_the_discriminator_is_a_projection() -> None:
    """C(x, y) = psi(phi(x)) + sum_k y_k <v_k, phi(x)>: Miyato and Koyama, equation 3."""
    network = made("discriminator")
    *hidden, last = network.layers
    features = torch.nn.Sequential(*hidden)(PICTURES)
    psi, *vectors = last.weight
    labels = torch.rand(4, 5, generator=torch.Generator().manual_seed(2))
    expected = [
        (psi * phi).sum() + sum(y * (v * phi).sum() for y, v in zip(row, vectors, strict=True))
        for phi, row in zip(features, labels, strict=True)
    ]
    torch.testing.assert_close(network(PICTURES, labels), torch.stack(expected))


def test_the_generator_takes_labels_behind_the_latent() -> None:
    network = made("generator")
    expected = network.layers(torch.cat([LATENTS, PINK.expand(4, -1)], 1)[:, :, None, None])
    assert torch.equal(network(LATENTS, PINK.expand(4, -1)), expected)
    assert not torch.equal(network(LATENTS), expected)


@pytest.mark.parametrize(
    ("player", "inputs"), [("generator", LATENTS), ("discriminator", PICTURES)]
)
def test_without_labels_they_are_dcgans(player: str, inputs: torch.Tensor) -> None:
    network = made(player)
    plain, bare = MODEL.without_labels(network, player)
    assert plain == MODEL.model_copy(update={"attributes": ()})
    for wished in (network(inputs), network(inputs, NOTHING)):
        torch.testing.assert_close(wished, bare(inputs))
    assert type(bare) is type(network)
    same, unchanged = plain.without_labels(bare, player)
    assert same is plain
    assert unchanged is bare


def test_it_begins_with_the_game_without_labels() -> None:
    network = MODEL.discriminator()
    torch.testing.assert_close(network(PICTURES, PINK.expand(4, -1)), network(PICTURES))


@pytest.mark.parametrize(
    ("player", "inputs"), [("generator", LATENTS), ("discriminator", PICTURES)]
)
def test_products_are_the_same_networks(player: str, inputs: torch.Tensor) -> None:
    network, labels = made(player), PINK.expand(4, -1)
    expected = network(inputs, labels)
    use(network, Plan(), PRODUCTS)
    assert sum(type(layer) in PRODUCTS for layer in network.layers) == 1
    torch.testing.assert_close(network(inputs, labels), expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"packing": 2}, "labels and packing exclude each other"),
        ({"norm": "spectral"}, "labels and spectral norm exclude each other"),
        ({"framework": "keras"}, "keras-dcgan cannot learn from labels"),
    ],
)
def test_what_cannot_have_labels(options: dict[str, object], message: str) -> None:
    fields = SMILE.model_dump(mode="json")
    with pytest.raises(UsageError, match=message):
        recipes.standard(attributes=[fields], penalties={}, loss="hinge", **options)
