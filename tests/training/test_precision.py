"""Devices and number formats."""

import json
from collections.abc import Sequence
from itertools import accumulate, cycle, islice

import pytest
import torch
from toys import COMPUTE, tiny_recipe

from kaogan.errors import UsageError
from kaogan.training import fit, memory, precision
from kaogan.training.precision import Compute, choose_device, choose_precision
from kaogan.training.recipe import Budget, Hardware
from kaogan.training.run_log import RunLog
from kaogan.training.tasks.images import train

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


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KAOGAN_CACHE", str(tmp_path / "cache"))


def tell(monkeypatch: pytest.MonkeyPatch, seconds: Sequence[float]) -> None:
    """A clock by which products take these seconds, in turn: float32, bf16, float32, ..."""
    between = (part for each in cycle(seconds) for part in (0.0, each))
    ticks = accumulate(islice(between, 1000))
    monkeypatch.setattr(precision, "clock", lambda: next(ticks))


def test_the_faster_format_is_taken_however_busy_the_machine_is(cache, monkeypatch):
    busy = [2.0, 1.0] * 5 + [2.0, 70.0] * 2 + [90.0, 1.0, 2.0, 50.0]
    tell(monkeypatch, busy)
    assert choose_precision("auto", CPU) == "bf16"


def test_a_small_gain_is_not_worth_it(cache, monkeypatch):
    tell(monkeypatch, [1.4, 1.0])
    assert choose_precision("auto", CPU) == "fp32"


@pytest.mark.parametrize(("first", "others"), [("bf16", "fp32"), ("fp32", "bf16")])
def test_a_second_command_takes_what_the_first_one_measured(cache, monkeypatch, first, others):
    times = {"bf16": [3.0, 1.0], "fp32": [1.0, 3.0]}
    tell(monkeypatch, times[first])
    assert choose_precision("auto", CPU) == first
    tell(monkeypatch, times[others])
    assert choose_precision("auto", CPU) == first
    monkeypatch.setattr(memory, "machine", lambda: "another machine")
    assert choose_precision("auto", CPU) == others


def test_a_resumed_run_keeps_the_precision_that_it_began_with(
    cache, monkeypatch, dataset, tmp_path
):
    hardware = Hardware(device="cpu")
    for images, kept in ((8, "bf16"), (16, "fp32")):
        # On this machine another choice is the best one now; the run goes on as it began.
        monkeypatch.setattr(memory, "recall", lambda place, kept=kept: {"precision": kept})
        run = train(tiny_recipe(), dataset, tmp_path / "run", Budget(images=images), hardware)
        assert run.about["precision"] == "bf16"


@pytest.mark.parametrize(("precision", "dtype"), [("fp32", "float32"), ("bf16", "bfloat16")])
def test_products_run_in_the_chosen_precision(precision, dtype):
    layer = torch.nn.Linear(2, 2)
    with Compute(CPU, precision).autocast():
        assert layer(torch.zeros(1, 2)).dtype == getattr(torch, dtype)
    assert layer(torch.zeros(1, 2)).dtype == torch.float32


def test_networks_are_placed_channels_last():
    network = COMPUTE.place(torch.nn.Conv2d(3, 8, 3))
    assert network.weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("name", "capability", "best"),
    [
        ("NVIDIA H100", (9, 0), "bf16"),
        ("NVIDIA GeForce RTX 3060", (8, 6), "bf16"),
        ("Tesla T4", (7, 5), "fp16"),
        ("NVIDIA GeForce GTX 1660 Ti", (7, 5), "fp32"),
        ("NVIDIA GeForce GTX 1080", (6, 1), "fp32"),
    ],
)
def test_the_number_format_suits_the_gpu(monkeypatch, name, capability, best):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: name)
    assert choose_precision("auto", torch.device("cuda")) == best


@pytest.mark.parametrize(
    ("kept", "formats", "expected"),
    [
        ("bf16", ("bf16", "fp16", "fp32"), "bf16"),
        ("bf16", ("fp16", "fp32"), "fp16"),
        ("fp16", ("bf16", "fp16", "fp32"), "fp16"),
        ("fp16", ("fp32",), "fp32"),
    ],
)
def test_a_resumed_run_keeps_its_number_format_where_the_gpu_has_it(
    dataset, tmp_path, monkeypatch, kept, formats, expected
):
    run = train(tiny_recipe(), dataset, tmp_path / "run", Budget(images=8), Hardware(device="cpu"))
    about = json.loads((run.path / "run.json").read_text())
    (run.path / "run.json").write_text(json.dumps(about | {"precision": kept}))
    for module in (fit, precision):
        monkeypatch.setattr(module, "fast_formats", lambda _: formats)
    log = RunLog(tmp_path / "log.txt")
    found = fit._compute(run, tiny_recipe(), Hardware(), torch.device("cuda"), log)
    assert found.precision == expected


def test_the_gpu_that_was_asked_for_is_the_current_one(monkeypatch):
    chosen = []
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    Compute(torch.device("cuda"), "fp32")
    assert chosen == []
    Compute(torch.device("cuda:1"), "fp32")
    assert chosen == [torch.device("cuda:1")]
