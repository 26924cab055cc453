"""The processes that train together: parts of a batch, means, and agreement.

torchrun starts them (docs/how-to/many-gpus.md), and torch.distributed connects them: Gloo for
tensors on a CPU, NCCL for those on GPUs. What they agree on is sent from the memory of CPUs, so
that nobody waits for a GPU.
"""

import contextlib
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from kaogan.errors import UsageError
from kaogan.training.synchronised import Synchronised

T = TypeVar("T")

BUCKET = 6_000_000
"""Numbers that are averaged together: 24 MB of float32."""


class World:
    """A single process."""

    rank: int = 0
    """The number of this process, from 0 to `size` - 1."""
    size: int = 1
    """How many processes there are."""

    @property
    def leads(self) -> bool:
        """Is this the first process? It alone writes, prints and evaluates."""
        return self.rank == 0

    def device(self, device: torch.device) -> torch.device:
        """The device of this process, where `device` was asked for."""
        return device

    def part(self, batch: Tensor) -> Tensor:
        """The part of this process in a batch that all processes know."""
        return batch

    def whole(self, part: Tensor) -> Tensor:
        """The parts of all processes, one after the other."""
        return part

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor, in place, by its mean over all processes."""

    def copy(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor, in place, by that of the first process."""

    def shared(self, text: str) -> str:
        """The text of the first process."""
        return text

    def any(self, flag: bool) -> bool:
        """Is the flag set in any process?"""
        return flag

    def first(self, work: Callable[[], T]) -> T:
        """The work's result: the first process does it alone, and the others find what it stored
        when they do it then.
        """
        if not self.leads:
            self.any(False)
            return work()
        result = work()
        self.any(False)
        return result

    def synchronised(self) -> contextlib.AbstractContextManager[object]:
        """Within, batch norm in training uses the statistics of the whole batch."""
        return contextlib.nullcontext()


class Lost(Exception):
    """A collective operation failed: another process has ended."""


class Processes(World):
    """Several processes, connected by torch.distributed."""

    def __init__(self) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()

    def device(self, device: torch.device) -> torch.device:
        """The GPU that is this process's own.

        Raises a UsageError if there are too few, or if they cannot be used together.
        """
        if device.type == "cpu":
            return device
        if device.type != "cuda" or device.index is not None:
            raise UsageError(
                f"{self.size} processes cannot train on {device} together; use --device cuda (one "
                "GPU for each process) or --device cpu"
            )
        local, count = int(os.environ.get("LOCAL_RANK", self.rank)), torch.cuda.device_count()
        if local >= count:
            raise UsageError(
                f"{socket.gethostname()} has {count} GPUs, and more processes; start one for each "
                "GPU (--nproc-per-node, --gpus), or use --device cpu"
            )
        return torch.device("cuda", local)

    def part(self, batch: Tensor) -> Tensor:
        share = len(batch) // self.size
        return batch[self.rank * share : (self.rank + 1) * share]

    def whole(self, part: Tensor) -> Tensor:
        parts = [torch.empty_like(part) for _ in range(self.size)]
        with _together():
            dist.all_gather(parts, part.contiguous())
        return torch.cat(parts)

    @torch.no_grad()
    def average(self, tensors: Sequence[Tensor]) -> None:
        """Tensors travel in flat buckets, because a message costs more than its bytes. A bucket
        travels while the next one is filled.

        (`DistributedDataParallel` averages during the backward pass, but it supports neither second
        derivatives nor parameters that are frozen in every other turn.)
        """
        travelling = []
        with _together():
            for bucket in buckets(tensors):
                flat = torch.cat([tensor.reshape(-1) for tensor in bucket])
                travelling.append((bucket, flat, dist.all_reduce(flat, async_op=True)))
            for bucket, flat, work in travelling:
                work.wait()
                means = torch.split(flat.div_(self.size), [tensor.numel() for tensor in bucket])
                for tensor, mean in zip(bucket, means, strict=True):
                    tensor.copy_(mean.view(tensor.shape))

    def add_up(self, tensor: Tensor) -> None:
        """Replace the tensor, in place, by its sum over all processes."""
        with _together():
            dist.all_reduce(tensor)

    @torch.no_grad()
    def copy(self, tensors: Sequence[Tensor]) -> None:
        for tensor in tensors:
            sent = tensor.contiguous()
            with _together():
                dist.broadcast(sent, 0)
            tensor.copy_(sent)

    def shared(self, text: str) -> str:
        content = torch.frombuffer(bytearray(text.encode()) or bytearray(1), dtype=torch.uint8)
        length = torch.tensor(len(text.encode()))
        with _together():
            dist.broadcast(length, 0)
            if not self.leads:
                content = torch.empty(max(1, int(length)), dtype=torch.uint8)
            dist.broadcast(content, 0)
        return bytes(content[: int(length)].tolist()).decode()

    def any(self, flag: bool) -> bool:
        highest = torch.tensor(int(flag))
        with _together():
            dist.all_reduce(highest, dist.ReduceOp.MAX)
        return bool(highest)

    def synchronised(self) -> contextlib.AbstractContextManager[object]:
        return Synchronised(self)


def buckets(tensors: Sequence[Tensor], most: int = BUCKET) -> Iterator[list[Tensor]]:
    """Neighbouring tensors of one dtype: at most `most` numbers, or a single larger tensor."""
    bucket: list[Tensor] = []
    for tensor in tensors:
        full = sum(each.numel() for each in bucket) + tensor.numel() > most
        if bucket and (full or tensor.dtype != bucket[0].dtype):
            yield bucket
            bucket = []
        bucket.append(tensor)
    if bucket:
        yield bucket


@contextlib.contextmanager
def _together() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise Lost(str(error)) from error
