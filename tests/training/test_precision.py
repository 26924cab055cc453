"""Devices and number formats."""

import pytest
import torch
from toys import COMPUTE

from kaogan.errors import UsageError
from kaogan.training.precision import Compute, choose_device, choose_precision

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
