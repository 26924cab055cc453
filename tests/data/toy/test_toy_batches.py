import torch

from kaogan.contracts import Batches
from kaogan.data.toy import Grid, Ring, ToyBatches
from kaogan.data.toy.batches import fingerprint

CPU = torch.device("cpu")


def batches(copies=1, seed=0, count=100, target=None):
    return ToyBatches(target or Ring(), copies, CPU, seed, count)


def test_they_are_a_function_of_the_position():
    one, other = batches(), batches()
    assert isinstance(one, Batches)
    assert len(one) == 100
    whole = one(0, 250).x
    assert whole.shape == (250, 1, 2)
    assert torch.equal(torch.cat([other(90, 20).x, other(110, 140).x]), whole[90:])


def test_an_epoch_shows_every_point_once_in_another_order():
    first, second = batches()(0, 100).x, batches()(100, 100).x
    assert not torch.equal(first, second)
    assert {tuple(p) for p in first[:, 0].tolist()} == {tuple(p) for p in second[:, 0].tolist()}


def test_every_copy_and_every_seed_has_points_of_its_own():
    points = batches(copies=3)(0, 100).x
    assert points.shape == (100, 3, 2)
    assert len(points.flatten(0, 1).unique(dim=0)) == 300
    assert not torch.equal(batches(seed=1)(0, 100).x, batches(seed=2)(0, 100).x)


def test_a_fingerprint_tells_laws_apart():
    assert fingerprint(Ring()) == fingerprint(Ring())
    assert len({fingerprint(target) for target in (Ring(), Ring(sigma=0.02), Grid())}) == 3
