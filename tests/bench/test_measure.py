import numpy as np
import psutil
import pytest
import torch

from kaogan import recipes
from kaogan.bench.measure import assemble, measure, peak_memory
from kaogan.errors import UsageError
from kaogan.training.recipe import Hardware

CPU = torch.device("cpu")
RECIPE = recipes.dcgan(size=32, width=4, batch=4)
PICTURES = np.zeros((8, 32, 32, 3), np.uint8)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KAOGAN_CACHE", str(tmp_path))


def test_a_measurement_says_everything(capsys):
    found = measure(RECIPE, PICTURES, Hardware(device="cpu", precision="fp32"), seconds=0.05)
    slowest, fastest = found.slowest_and_fastest
    assert 0 < slowest <= found.images_per_second <= fastest
    assert found.sampling_images_per_second > 0
    assert found.floor_images_per_second > 0
    ratio = found.images_per_second / found.floor_images_per_second
    assert found.share_of_floor == pytest.approx(ratio)
    assert found.settings["precision"] == "fp32"
    assert found.settings["memory_layout"] == "channels last"
    assert found.settings["threads"] == torch.get_num_threads()
    assert "training" in capsys.readouterr().err


def test_hardware_is_obeyed():
    precise = assemble(RECIPE, PICTURES, Hardware(device="cpu", precision="fp32", tune=False))
    coarse = assemble(RECIPE, PICTURES, Hardware(device="cpu", precision="bf16"))
    assert (precise.compute.precision, coarse.compute.precision) == ("fp32", "bf16")
    assert precise.compute.plan.choices == {}
    assert coarse.compute.plan.choices != {}


def test_a_device_that_is_not_there():
    with pytest.raises(UsageError, match="cuda:99"):
        measure(RECIPE, PICTURES, Hardware(device="cuda:99"), seconds=0.05)


def test_peak_memory_is_what_the_process_had_at_its_highest():
    block = np.ones(2**27, np.uint8)
    used = psutil.Process().memory_info().rss
    size = len(block)
    del block
    assert peak_memory(CPU) >= 0.95 * used > size
    assert peak_memory(torch.device("meta")) is None
