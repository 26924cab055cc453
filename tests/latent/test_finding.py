"""Directions of a generator that is known: it draws what its latent says, entry by entry."""

import pytest
import torch
from torch import nn

from kaogan.latent import finding
from kaogan.latent.finding import faces_drawn, find, freed, ridge
from kaogan.latent.properties import properties

Z = 8


class Painter(nn.Module):
    """Entry 0 says how light the hair is, entry 1 the sides, entry 2 how yellow the hair is."""

    def __init__(self, size: int = 32, channels: int = 3, mixed: float = 0.0) -> None:
        super().__init__()
        self.size, self.channels = size, channels
        self.mix = nn.Parameter(torch.eye(Z))
        with torch.no_grad():
            self.mix[0, 1] = mixed  # the hair's entry lights the sides as well

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        hair, sides, yellow = (0.2 * torch.tanh(z @ self.mix)[:, :3]).T[..., None, None]
        size = self.size
        pictures = torch.full((len(z), 3, size, size), -0.5)  # too dark for skin
        pictures[:, :, : size // 2, size // 8 : -size // 8] += hair[:, None]
        pictures[:, 2, : size // 2, size // 8 : -size // 8] -= yellow
        pictures[:, :, :, : size // 8] += sides[:, None]
        pictures[:, :, :, -size // 8 :] += sides[:, None]
        return pictures[:, : self.channels]


@pytest.fixture(scope="module")
def found():
    return find(Painter(), Z, fit=512)


def test_what_can_be_steered_is_found(found):
    for name, entry in (("hair-lightness", 0), ("background-lightness", 1), ("hair-yellowness", 2)):
        direction = found[name]
        assert direction.kind == "named"
        assert direction.vector[entry] > 0.95
        assert direction.r2 > 0.8
        assert float(direction.vector.norm()) == pytest.approx(1, abs=1e-5)
        assert (direction.low, direction.high) == (properties[name].low, properties[name].high)


def test_the_change_per_unit_is_measured(found):
    """tanh flattens: the slope over -2 to 2 is less than that of the fit at 0."""
    direction = found["background-lightness"]
    steps = torch.tensor(finding.STEPS)
    z = torch.randn(20_000, generator=torch.Generator().manual_seed(3))
    moved = (torch.tanh(z + steps[:, None]) - torch.tanh(z)).mean(1) / torch.tanh(z).std()
    expected = float(steps @ moved / (steps @ steps))
    assert direction.per_unit == pytest.approx(expected, rel=0.15)
    assert direction.effects["background-lightness"] == direction.per_unit
    assert abs(direction.effects["hair-yellowness"]) < 0.05


def test_what_never_changes_is_left_out(found):
    reasons = {each.name: each.reason for each in found.left_out}
    assert reasons["side-light"] == "the faces do not differ in it"
    assert "hair-redness" in {*reasons, *(each.name for each in found.directions)}
    assert {each.name for each in found.directions} | set(reasons) == set(properties)


def test_grey_pictures_have_no_directions_of_colour():
    names = {each.name for each in find(Painter(channels=1), Z, fit=512).directions}
    assert "background-lightness" in names
    assert not names & {"hair-yellowness", "hair-redness", "warmth", "saturation"}


def test_orthogonal_directions_leave_the_others_alone():
    painter = Painter(mixed=0.7)
    plain = find(painter, Z, fit=512)["background-lightness"]
    free = find(painter, Z, orthogonal=True, fit=512)["background-lightness"]
    assert abs(plain.effects["hair-lightness"]) > 0.3
    assert abs(free.effects["hair-lightness"]) < 0.05
    assert free.per_unit > 0.3


def test_finding_again_finds_the_same(found):
    again = find(Painter(), Z, fit=512)
    assert [each.name for each in again.directions] == [each.name for each in found.directions]
    for one, other in zip(again.directions, found.directions, strict=True):
        assert torch.equal(one.vector, other.vector)


def test_the_progress_is_of_so_many_faces():
    class Count:
        done = 0

        def advance(self, n: int, text: str = "") -> None:
            self.done += n

        def doing(self, activity: str) -> None:
            pass

    counted = Count()
    find(Painter(), Z, fit=256, tracker=counted)
    assert 256 < counted.done <= faces_drawn(256)


def test_ridge_is_least_squares_with_a_penalty():
    rng = torch.Generator().manual_seed(0)
    z, slopes = torch.randn(200, 5, generator=rng), torch.randn(5, 2, generator=rng)
    found = ridge(z, z @ slopes)
    expected = torch.linalg.inv(z.T @ z + 5 * torch.eye(5)) @ (z.T @ z @ slopes)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    assert (found.norm(dim=0) < slopes.norm(dim=0)).all()


def test_freed_vectors_are_orthogonal_to_all_other_slopes():
    units = nn.functional.normalize(
        torch.tensor([[1.0, 0, 0, 0], [0.5, 1, 0, 0], [0, 0.3, 1, 0], [1, 0.01, 0, 0]]), dim=1
    )
    kept, vectors = freed(units)
    assert kept == [0, 1, 2]  # the last is the first over again
    products = vectors @ units[kept].T
    torch.testing.assert_close(products - products.diag().diag(), torch.zeros(3, 3))
    assert (products.diag() >= finding.LEAST_OF_ITS_OWN).all()
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(3))


@pytest.mark.parametrize(
    ("own", "other", "reason"),
    [
        ([-1.0, -0.5, 0.5, 1.0], 0.1, ""),
        ([-0.1, -0.05, 0.05, 0.1], 0.0, "only"),
        ([-1.0, -1.1, 0.5, 1.0], 0.1, "all along"),
        ([-1.0, -0.5, 0.5, 1.0], -0.9, "hair-redness more than itself"),
    ],
)
def test_what_does_not_do_what_its_name_says_is_refused(own, other, reason):
    names = list(properties)
    changes = torch.zeros(4, len(names))
    changes[:, names.index("hair-lightness")] = torch.tensor(own)
    changes[:, names.index("hair-redness")] = other * torch.tensor(finding.STEPS)
    changes[:, names.index("lightness")] = 2 * torch.tensor(own)  # it goes with its parts
    direction = finding._described(
        "hair-lightness", "named", torch.eye(Z)[0], 0.9, changes, "hair-lightness"
    )
    fault = finding._fault(direction, changes)
    assert (reason in fault) if reason else fault == ""
