"""Connecting the processes that torchrun started, and the words of those that fail."""

import contextlib
import datetime
import os
import signal
import socket
import time
from collections.abc import Iterator
from typing import Any

import torch
import torch.distributed as dist

from kaogan.errors import Heard, KaoganError, UsageError
from kaogan.progress import Verbosity, set_verbosity
from kaogan.training.world import Lost, Processes, World

PATIENCE = datetime.timedelta(hours=2)
"""How long a process waits for the others, e.g. while the first one evaluates. The end of a process
is noticed at once, by its closed connections."""
MOMENT = 1.0
"""Seconds in which the processes that are left report, when one has ended."""


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
