"""Devices, number formats, and torch.compile."""

import shutil
import sys

import pytest
import torch
from toys import COMPUTE, log_text, make_trainer, points_trainer, same, snapshot, tiny_recipe

from kaogan.data.batches import ImageBatches
from kaogan.errors import UsageError
from kaogan.training.journal import Journal
from kaogan.training.precision import Compute, choose_device, choose_precision
from kaogan.training.train import compile_networks

CPU = torch.device("cpu")


def test_auto_is_the_best_device_there_is():
    kinds = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    best = next((kind for kind, there in kinds.items() if there), "cpu")
    assert choose_device("auto").type == best


@pytest.mark.parametrize("name", ["warp", "", "cpu:x", "cuda:99", "xpu:7", "meta"])
def test_a_device_that_is_not_there_is_refused_by_name(name):
    with pytest.raises(UsageError, match="no device"):
        choose_device(name)


def test_the_cpu_is_always_there():
    assert choose_device("cpu") == CPU


def test_fp16_is_refused_on_a_cpu():
    with pytest.raises(UsageError, match="use --precision bf16 or fp32"):
        choose_precision("fp16", CPU)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_named_precision_is_taken(precision):
    assert choose_precision(precision, CPU) == precision


def test_auto_resolves_to_what_a_cpu_can_do():
    assert choose_precision("auto", CPU) in ("fp32", "bf16")


@pytest.mark.parametrize(("precision", "dtype"), [("fp32", "float32"), ("bf16", "bfloat16")])
def test_products_run_in_the_chosen_precision(precision, dtype):
    layer = torch.nn.Linear(2, 2)
    with Compute(CPU, precision).autocast():
        assert layer(torch.zeros(1, 2)).dtype == getattr(torch, dtype)
    assert layer(torch.zeros(1, 2)).dtype == torch.float32


def test_networks_are_placed_channels_last():
    network = COMPUTE.place(torch.nn.Conv2d(3, 8, 3))
    assert network.weight.is_contiguous(memory_format=torch.channels_last)


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
