"""Batches are a pure function of the position in training."""

from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from kaogan.contracts import Batches
from kaogan.data import batches as data_batches
from kaogan.data.batches import ImageBatches, Shuffled, fits, upload
from kaogan.images import to_model, to_pixels

CPU = torch.device("cpu")
PICTURES = np.random.default_rng(0).integers(0, 256, (13, 2, 3, 3), dtype=np.uint8)


@given(count=st.integers(1, 40), seed=st.integers(0, 2**63 - 1), epoch=st.integers(0, 50))
def test_every_epoch_visits_every_picture_exactly_once(count, seed, epoch):
    visited = Shuffled(count, seed)(epoch * count, count)
    assert sorted(visited.tolist()) == list(range(count))


@given(
    count=st.integers(1, 20),
    start=st.integers(0, 100),
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=5),
)
def test_a_stream_is_the_same_however_it_is_cut(count, start, lengths):
    whole = Shuffled(count, 7)(start, sum(lengths))
    ends = np.cumsum([start, *lengths])
    parts = [Shuffled(count, 7)(int(s), n) for s, n in zip(ends, lengths, strict=False)]
    assert torch.equal(torch.cat(parts), whole)


def test_epochs_and_seeds_have_orders_of_their_own():
    orders = {
        tuple(Shuffled(30, seed)(epoch * 30, 30).tolist())
        for seed in range(4)
        for epoch in range(4)
    }
    assert len(orders) == 16


def test_orders_are_fair():
    firsts = np.array([int(Shuffled(5, seed)(0, 5)[0]) for seed in range(500)])
    assert (np.bincount(firsts, minlength=5) > 60).all()  # 100 each, give or take 4 sigma


calls = st.lists(st.tuples(st.integers(0, 80), st.integers(1, 30)), min_size=1, max_size=8)


@given(calls=calls, workers=st.integers(1, 4))
def test_neither_order_of_calls_nor_workers_nor_reading_ahead_change_a_batch(calls, workers):
    batches = ImageBatches(PICTURES, CPU, seed=3, workers=workers)
    for start, count in calls:
        expected = to_model(torch.from_numpy(PICTURES)[Shuffled(13, 3)(start, count)])
        assert torch.equal(batches(start, count).x, expected)


def test_walking_straight_on_is_the_same_as_asking_once():
    walked = ImageBatches(PICTURES, CPU, seed=1, workers=3)
    steps = torch.cat([walked(start, 4).x for start in range(0, 52, 4)])
    assert torch.equal(steps, ImageBatches(PICTURES, CPU, seed=1)(0, 52).x)


@pytest.mark.parametrize("channels", [1, 3])
def test_batches_are_pictures_in_model_space(channels):
    pictures = np.ascontiguousarray(PICTURES[..., :channels])
    batches = ImageBatches(pictures, CPU, seed=0)
    batch = batches(0, 13).x
    assert isinstance(batches, Batches)
    assert len(batches) == 13
    assert batch.shape == (13, channels, 2, 3)
    assert batch.dtype == torch.float32
    order = Shuffled(13, 0)(0, 13).numpy()
    np.testing.assert_array_equal(to_pixels(batch).numpy(), pictures[order])


def test_a_batch_may_be_changed_without_changing_the_data(tmp_path):
    np.save(tmp_path / "pictures.npy", PICTURES)
    mapped = np.load(tmp_path / "pictures.npy", mmap_mode="r")
    batches = ImageBatches(mapped, CPU, seed=0)
    first = batches(0, 5).x.clone()
    batches(0, 5).x.zero_()
    assert torch.equal(batches(0, 5).x, first)
    np.testing.assert_array_equal(np.load(tmp_path / "pictures.npy"), PICTURES)


def test_a_data_set_is_put_on_the_device_whole_piece_by_piece():
    pictures = np.random.default_rng(0).integers(0, 256, (10, 4, 4, 3), dtype=np.uint8)
    resident = upload(pictures, torch.device("cpu"), chunk=3)
    assert resident.dtype == torch.uint8
    assert (resident.numpy() == pictures).all()


@given(calls=calls)
def test_batches_of_resident_pictures_are_the_same(calls):
    resident = ImageBatches(PICTURES, CPU, seed=3, resident=True)
    others = ImageBatches(PICTURES, CPU, seed=3, resident=False)
    for start, count in calls:
        assert torch.equal(resident(start, count).x, others(start, count).x)


def test_resident_pictures_are_never_changed():
    batches = ImageBatches(PICTURES, CPU, seed=0, resident=True)
    first = batches(0, 5).x.clone()
    batches(0, 5).x.zero_()
    assert torch.equal(batches(0, 5).x, first)


def test_an_order_is_kept_on_the_device_and_copied_there_once_an_epoch():
    # A device without data, to which one can copy: orders go there, and nothing comes back.
    positions = Shuffled(13, 0, torch.device("meta"))
    copies = []

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            copies.extend([func] * (func is torch.ops.aten._to_copy.default))
            return func(*args, **kwargs or {})

    with Watch():
        for start in range(0, 39, 3):  # several batches cross from one epoch to the next
            chosen = positions(start, 3)
            assert chosen.device.type == "meta"
            assert chosen.shape == (3,)
    assert len(copies) == 3


def test_apples_gpus_get_contiguous_samples_by_copies_that_wait(monkeypatch):
    batches, copies = ImageBatches(PICTURES, CPU, seed=0), []
    expected = batches(0, 5).x
    batches._device = torch.device("mps")  # a device that is not here: nothing is copied
    monkeypatch.setattr(torch.Tensor, "to", lambda self, *to, **how: copies.append(how) or self)
    found = batches(0, 5).x
    assert copies == [{"non_blocking": False}] * 2  # of pictures and of labels
    assert found.is_contiguous()
    assert torch.equal(found, expected)


def test_a_data_set_stays_on_the_disk_where_the_gpu_cannot_index_it(monkeypatch):
    monkeypatch.setattr(data_batches, "_free_memory", lambda _: 10**12)
    small = np.broadcast_to(np.uint8(0), (600_000, 32, 32, 3))  # takes no memory
    large = np.broadcast_to(np.uint8(0), (800_000, 32, 32, 3))
    assert small.size < 2**31 < large.size
    cuda, mps = torch.device("cuda"), torch.device("mps")
    assert [fits(small, device) for device in (CPU, cuda, mps)] == [False, True, True]
    assert [fits(large, device) for device in (CPU, cuda, mps)] == [False, True, False]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@given(calls=calls)
def test_batches_on_a_gpu_are_those_of_the_cpu(calls):
    on_cpu = ImageBatches(PICTURES, CPU, seed=3)
    for resident in (True, False):
        on_gpu = ImageBatches(PICTURES, torch.device("cuda"), seed=3, resident=resident)
        for start, count in calls:
            batch = on_gpu(start, count)
            assert batch.device.type == "cuda"
            assert torch.equal(to_pixels(batch).cpu(), to_pixels(on_cpu(start, count)))


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="Linux tells what is mapped")
def test_a_mapped_file_does_not_pile_up_in_memory(tmp_path):
    path = tmp_path / "images.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (16000, 64, 64, 3), dtype=np.uint8))
    pictures = np.load(path, mmap_mode="r")
    batches, expected = ImageBatches(pictures[:15000], CPU, seed=1), Shuffled(15000, 1)
    most = 0
    for start in range(0, 3000, 10):
        batch = batches(start, 10).x
        if start % 100 == 0:  # to ask takes longer than to read
            maps = psutil.Process().memory_maps(grouped=True)
            most = max(most, sum(each.rss for each in maps if each.path == str(path)))
    assert most < pictures.nbytes / 2
    assert torch.equal(batch, to_model(torch.from_numpy(pictures[expected(2990, 10).numpy()])))
