"""Compiled networks, and rounds recorded as one graph."""

import shutil
import sys

import pytest
import torch
from toys import log_text, make_trainer, points_trainer, same, snapshot, tiny_recipe

from kaogan.data.batches import ImageBatches
from kaogan.training.accelerate import compile_networks
from kaogan.training.journal import Journal

CPU = torch.device("cpu")


class Lambda(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.forward = function


def test_when_compiling_fails_the_training_goes_on_as_if_nothing_had_been(
    dataset, tmp_path, monkeypatch
):
    def refuse(_):
        raise RuntimeError("no C++ compiler\nsecond line")

    def fail(network):
        return torch.nn.Sequential(Lambda(refuse))

    trainers = [make_trainer(tiny_recipe(), ImageBatches(dataset.train, CPU, 0)) for _ in range(2)]
    for trainer in trainers:
        trainer.step()
    monkeypatch.setattr(torch, "compile", fail)
    before = snapshot(trainers[0].state)
    compile_networks(trainers[0], Journal(tmp_path / "log.txt"))
    assert same(snapshot(trainers[0].state), before)
    assert trainers[0].state.numbers() == trainers[1].state.numbers()
    assert "torch.compile does not work here (no C++ compiler); training without it" in log_text(
        tmp_path
    )
    assert log_text(tmp_path).count("\n") == 1
    for trainer in trainers:
        trainer.step()
    assert same(*(snapshot(trainer.state) for trainer in trainers))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None or sys.platform == "win32", reason="needs g++")
def test_a_compiled_game_is_the_same_game(tmp_path):
    plain, compiled = points_trainer(), points_trainer()
    before = snapshot(compiled.state)
    compile_networks(compiled, Journal(tmp_path / "log.txt"))
    assert not (tmp_path / "log.txt").exists()
    assert compiled.generator is not compiled.state.generator
    assert same(snapshot(compiled.state), before)
    for _ in range(3):
        plain.step()
        compiled.step()
    for key, value in compiled.state.tensors().items():
        torch.testing.assert_close(value, plain.state.tensors()[key], rtol=1e-3, atol=1e-5)
