"""Batches of real pictures on the device, as a pure function of the position in training."""

import mmap
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from kaogan.contracts import Batch
from kaogan.data.shards import Part, Shards
from kaogan.errors import UsageError
from kaogan.images import PictureArray, check_whole, mapping, to_model
from kaogan.rng import seed_of

SHARE_OF_FREE_MEMORY = 0.4
"""A data set larger than this share of the GPU's free memory stays on the disk."""

MOST_ON_MPS = 2**31 - 1
"""Elements of a tensor that Apple's GPUs can index."""

CPU = torch.device("cpu")


class Shuffled:
    """Positions in an endless stream of epochs, each a new permutation of `count` pictures.

    An epoch's order is drawn on the CPU, so that all devices have the same, and copied to `device`
    once.
    """

    def __init__(self, count: int, seed: int, device: torch.device = CPU) -> None:
        self.count, self.seed, self.device = count, seed, device
        self._epochs: dict[int, Tensor] = {}

    def __call__(self, start: int, length: int) -> Int64[Tensor, "N"]:
        """Indices of the stream's pictures from `start` up to `start + length`."""
        parts = []
        while length > 0:
            epoch, offset = divmod(start, self.count)
            part = self._epoch(epoch)[offset : offset + length]
            parts.append(part)
            start, length = start + len(part), length - len(part)
        return torch.cat(parts)

    def _epoch(self, epoch: int) -> Tensor:
        if epoch not in self._epochs:
            rng = torch.Generator().manual_seed(seed_of(self.seed, epoch))
            # Only the current epoch and its neighbour are ever needed.
            self._epochs = {key: value for key, value in self._epochs.items() if key >= epoch - 1}
            self._epochs[epoch] = torch.randperm(self.count, generator=rng).to(self.device)
        return self._epochs[epoch]


class Rows(NamedTuple):
    """Which rows of every batch a machine fills that holds a part of the data.

    Of a batch of B, the machine with part k of n fills the rows from k B/n up to (k + 1) B/n. It
    takes them from a stream of its own, whose epochs are permutations of its part. So a batch
    depends on the position alone, as it does without parts, and a machine sees each of its pictures
    once before it sees one again.
    """

    part: Part
    batch: int
    whole: int
    """Training pictures of all parts together."""

    @property
    def share(self) -> int:
        """How many rows they are."""
        return self.batch // self.part.parts

    def position(self, start: int, count: int) -> int:
        """Where the samples from `start` up to `start + count` lie in the stream of the part.

        Raises:
            UsageError: they are rows of another part.

        """
        step, row = divmod(start, self.batch)
        own = row - self.part.number * self.share
        if own < 0 or own + count > self.share:
            raise UsageError(
                f"this process fills rows {row} to {row + count - 1} of a batch of {self.batch}, "
                f"and not those of part {self.part.number} of {self.part.parts}; start as many "
                "machines as there are parts, each with the part of its own number"
            )
        return step * self.share + own


class ImageBatches:
    """Pictures (N x H x W x C, uint8, perhaps memory-mapped) as shuffled batches in [-1, 1].

    Resident pictures are all on the device as uint8, and batches are chosen there. This is the
    default on a GPU with enough memory. Otherwise threads read batches ahead, and a GPU copies them
    asynchronously from pinned memory: each one `stride` pictures after the one before (by default
    its length). With the codes of the pictures' labels (N x A, float32), they come along.
    """

    def __init__(
        self,
        pictures: PictureArray,
        device: torch.device,
        seed: int,
        workers: int = 1,
        resident: bool | None = None,
        stride: int | None = None,
        rows: Rows | None = None,
        codes: np.ndarray | None = None,
    ) -> None:
        self._pictures = pictures
        self._codes = np.zeros((len(pictures), 0), np.float32) if codes is None else codes
        self._rows = rows
        if rows is not None:
            seed = seed_of(seed, *rows.part)
        self._device = device
        self.resident = fits(pictures, device) if resident is None else resident
        """Are all pictures on the device?"""
        self._on_device = upload(pictures, device) if self.resident else None
        self._codes_on_device = (
            torch.from_numpy(np.array(self._codes)).to(device) if self.resident else None
        )
        self._positions = Shuffled(len(pictures), seed, device if self.resident else CPU)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="kaogan-batches")
        self._depth, self._stride = workers, rows.share if rows else stride
        self._ahead: dict[tuple[int, int], Future[tuple[Tensor, Tensor]]] = {}

    def __len__(self) -> int:
        return self._rows.whole if self._rows else len(self._pictures)

    def __call__(self, start: int, count: int) -> Batch:
        if self._rows is not None:
            start = self._rows.position(start, count)
        if self._on_device is not None and self._codes_on_device is not None:
            chosen = self._positions(start, count)
            return self._batch(self._on_device[chosen], self._codes_on_device[chosen])
        stride = self._stride or count
        wanted = [(start + ahead * stride, count) for ahead in range(self._depth + 1)]
        self._ahead = {key: self._ahead.get(key) or self._request(*key) for key in wanted}
        read = self._ahead.pop((start, count)).result()
        # Only copies from pinned memory may be left to run.
        pinned = self._device.type == "cuda"
        return self._batch(*(part.to(self._device, non_blocking=pinned) for part in read))

    def _batch(self, pictures: Tensor, codes: Tensor) -> Batch:
        """Pictures on the device as samples; contiguous where channels last is wrong.

        On Apple's GPUs, batch norm's gradients of channels-last samples are wrong.
        """
        samples = to_model(pictures)
        return Batch(samples.contiguous() if self._device.type == "mps" else samples, codes)

    def _request(self, start: int, count: int) -> Future[tuple[Tensor, Tensor]]:
        return self._pool.submit(self._read, self._positions(start, count).numpy())

    def _read(self, positions: np.ndarray) -> tuple[Tensor, Tensor]:
        check_whole(self._pictures)
        # Ascending positions read the file front to back; the order is restored in memory.
        order = np.argsort(positions)
        batch = torch.empty((len(positions), *self._pictures.shape[1:]), dtype=torch.uint8)
        batch.numpy()[order] = self._pictures[positions[order]]
        codes = torch.from_numpy(np.asarray(self._codes[positions], np.float32))
        if self._device.type == "cuda":
            return batch.pin_memory(), codes.pin_memory()
        if self._device.type == "cpu":
            release(self._pictures)  # a millisecond, which a GPU would not wait for
        return batch, codes


def fits(pictures: PictureArray, device: torch.device) -> bool:
    """Should all pictures lie on the device? If it is a GPU, and they take a part of its memory."""
    if device.type == "cpu" or (device.type == "mps" and pictures.size > MOST_ON_MPS):
        return False
    return pictures.nbytes < SHARE_OF_FREE_MEMORY * _free_memory(device)


def release(pictures: PictureArray) -> None:
    """Return the memory of pages read from a memory-mapped file; the system still caches them.

    Otherwise the whole file counts as memory of a process that has read every picture: with each
    page, its neighbourhood of up to 2 MB is mapped as well.
    """
    if isinstance(pictures, Shards):
        for array in pictures.arrays:
            release(array)
    owner = mapping(pictures)
    if owner is not None and sys.platform != "win32":
        owner.madvise(mmap.MADV_DONTNEED)


def upload(pictures: PictureArray, device: torch.device, chunk: int = 4096) -> Tensor:
    """Copy all pictures to the device piece by piece: uint8, N x H x W x C."""
    resident = torch.empty(pictures.shape, dtype=torch.uint8, device=device)
    for start in range(0, len(pictures), chunk):
        part = np.array(pictures[start : start + chunk])  # out of the memory-mapped file
        resident[start : start + chunk] = torch.from_numpy(part)
    return resident


def _free_memory(device: torch.device) -> int:
    """Bytes free on the device."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()
