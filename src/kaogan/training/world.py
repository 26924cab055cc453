"""The processes that train together: parts of a batch, means, and agreement.

torchrun starts them (docs/how-to/many-gpus.md), and torch.distributed connects them: Gloo for
tensors on a CPU, NCCL for those on GPUs. What they agree on is sent from the memory of CPUs, so
that nobody waits for a GPU.
"""

import contextlib
import datetime
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.overrides import TorchFunctionMode

from kaogan.errors import Heard, KaoganError, UsageError
from kaogan.progress import Verbosity, set_verbosity

T = TypeVar("T")

BUCKET = 6_000_000
"""Numbers that are averaged together: 24 MB of float32."""
PATIENCE = datetime.timedelta(hours=2)
"""How long a process waits for the others, e.g. while the first one evaluates. The end of a process
is noticed at once, by its closed connections."""
MOMENT = 1.0
"""Seconds in which the processes that are left report, when one has ended."""


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
        return _Synchronised(self)


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


class _Synchronised(TorchFunctionMode):
    """Replaces `torch.nn.functional.batch_norm` by that of the whole batch, in any module.

    (`torch.nn.SyncBatchNorm` has no implementation for CPUs, and no second derivatives.)
    """

    def __init__(self, world: Processes) -> None:
        super().__init__()
        self.world = world

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.nn.functional.batch_norm and kwargs.get("training"):
            return _batch_norm(self.world, *args, **kwargs)
        return func(*args, **kwargs)


def _batch_norm(
    world: Processes,
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """`torch.nn.functional.batch_norm` in training, for a batch in parts of equal size.

    mean = E_p[m_p] and var = E_p[v_p + (m_p - mean)^2], with the mean m_p and the variance v_p of
    part p: Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing
    Sample Variances" (1979), equation 2.1. It can be differentiated any number of times.
    """
    values = x.to(torch.promote_types(x.dtype, torch.float32))
    axes, shape = [0, *range(2, x.ndim)], (1, -1, *[1] * (x.ndim - 2))
    mean = values.mean(axes)
    variance = (values - mean.view(shape)).square().mean(axes)  # `var_mean` is slower on a CPU
    own = torch.zeros(world.size, 1, 1, dtype=values.dtype, device=values.device)
    own[world.rank] = 1
    means, variances = _sum(own * torch.stack([mean, variance])).unbind(1)
    mean = means.mean(0)
    variance = (variances + (means - mean).square()).mean(0)
    if running_mean is not None and running_var is not None:
        with torch.no_grad():
            count = world.size * x.numel() // x.shape[1]
            unbiased = variance * (count / (count - 1))
            running_mean.lerp_(mean.to(running_mean.dtype), momentum)
            running_var.lerp_(unbiased.to(running_var.dtype), momentum)
    scale = (variance + eps).rsqrt()
    scale = scale if weight is None else scale * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    return torch.addcmul(shift.view(shape), values, scale.view(shape)).to(x.dtype)


class _Sum(torch.autograd.Function):
    """The sum over all processes. Each process's output depends on every input alike, so the
    gradient is the sum of the gradients.
    """

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        total = tensor.clone(memory_format=torch.contiguous_format)
        with _together():
            dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _sum(gradient)


def _sum(tensor: Tensor) -> Tensor:
    total: Tensor = _Sum.apply(tensor)  # type: ignore[no-untyped-call]
    return total


@contextlib.contextmanager
def _together() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise Lost(str(error)) from error


def launched() -> bool:
    """Is this one of several processes that torchrun started?"""
    return "TORCHELASTIC_RUN_ID" in os.environ and int(os.environ["WORLD_SIZE"]) > 1


@contextlib.contextmanager
def joined(device: str = "auto") -> Iterator[World]:
    """Connect the processes that torchrun started; a `World` of one if it did not.

    Within, an error ends all processes: the first one to fail says why, and the others are silent
    (`Heard`). If a process ends without a word, one of the others says so.

    Raises:
        KaoganError: the processes do not find each other, or one has ended.

    """
    if dist.is_available() and dist.is_initialized():  # by the command, or by a user's program
        yield Processes()
        return
    if not launched():
        yield World()
        return
    _check_restarts()
    gpus = torch.cuda.is_available() and not device.startswith("cpu")
    try:
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if gpus else "gloo", timeout=PATIENCE, **_meeting_place()
        )
    except RuntimeError as error:
        cause = str(error).splitlines()[0][:200]
        raise KaoganError(
            f"the processes do not find each other ({cause}); check address, port and firewall, "
            "and name the network: GLOO_SOCKET_IFNAME=eth0"
        ) from None
    world, store = Processes(), dist.distributed_c10d._get_default_store()
    if not world.leads:
        set_verbosity(Verbosity.QUIET)
    try:
        yield world
    except Lost as error:
        # torchrun ends those that are left, and they have something to say first.
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _tell_first(world, store, _ended(world, store, error))
    except KaoganError as error:
        if not world.leads and not isinstance(error, UsageError):  # of the command of all
            which = f"rank {world.rank} of {world.size} processes, on {socket.gethostname()}"
            error.args = (f"{which}: {error}",)
        _tell_first(world, store, error)
    else:
        dist.destroy_process_group()


def _check_restarts() -> None:
    """Raise a KaoganError where restarted processes would wait for each other in vain."""
    several, shared = os.environ.get("GROUP_WORLD_SIZE") != "1", "TORCHELASTIC_USE_AGENT_STORE"
    restarts = int(os.environ.get("TORCHELASTIC_MAX_RESTARTS", 0))
    if several and restarts and os.environ.get(shared) == "True":
        if os.environ["RANK"] != "0":
            raise Heard("restarts on several machines")
        raise KaoganError(
            "restarts on several machines need --rdzv-backend c10d and, before torchrun, "
            "TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1; set both, or leave --max-restarts away"
        )


def _meeting_place() -> dict[str, Any]:
    """Where the processes exchange their addresses, as arguments of `init_process_group`.

    torchrun keeps one store for all its restarts, and Gloo would wait for addresses of processes
    that have ended (pytorch/pytorch #135712). On one machine, each attempt gets a part of its own.
    Those of several machines count restarts differently, so there torchrun must make new stores.
    """
    alone = os.environ.get("GROUP_WORLD_SIZE") == "1"
    if not alone or os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return {}
    host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    store = dist.TCPStore(host, port, is_master=False)  # type: ignore[attr-defined]
    attempt = f"attempt/{os.environ['TORCHELASTIC_RESTART_COUNT']}"
    return {
        "store": dist.PrefixStore(attempt, store),  # type: ignore[attr-defined]
        "rank": int(os.environ["RANK"]),
        "world_size": int(os.environ["WORLD_SIZE"]),
    }


def _tell_first(world: Processes, store: Any, error: KaoganError) -> None:
    """Raise the error in the first process that fails, and `Heard` in the others."""
    first = world.rank <= 1
    with contextlib.suppress(RuntimeError):  # if rank 0 holds the store, it may have ended
        first = store.add("kaogan/told", 1) == 1
    if first:
        raise error from None
    raise Heard(str(error), error.exit_status) from None


def _ended(world: Processes, store: Any, error: Lost) -> KaoganError:
    """The error that says which processes are missing, and what to do."""
    missing = set(range(world.size))
    try:
        store.set(f"kaogan/left/{world.rank}", "")
        end = time.monotonic() + MOMENT
        while time.monotonic() < end:
            missing = {n for n in missing if not store.check([f"kaogan/left/{n}"])}
            time.sleep(0.05)
    except RuntimeError:
        missing = {0}  # it held the store
    if not missing:
        cause = str(error).splitlines()[0][:200]
        return KaoganError(
            f"the {world.size} processes lost each other ({cause}); give the same command again: "
            "it goes on from the newest checkpoint"
        )
    names = ", ".join(map(str, sorted(missing)))
    return KaoganError(
        f"rank {names} of {world.size} processes ended without a word (killed, out of memory, or "
        "its machine is gone), so the others end, too; give the same command again: it goes on "
        "from the newest checkpoint"
    )
