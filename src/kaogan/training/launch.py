"""Several processes on this machine by one command: `kaogan train DATA --gpus 4`.

It is `torchrun --standalone --nproc-per-node 4 -m kaogan train DATA`, by torchrun's own functions.
"""

import logging
import os
import sys
import uuid
from collections.abc import Sequence

from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from kaogan.errors import Heard, KaoganError, UsageError
from kaogan.machine import usable_cores

FINISHING = "300"
"""Seconds that the processes have to evaluate and draw after Ctrl-C."""


def launch(processes: int, words: Sequence[str]) -> None:
    """Run `kaogan WORDS` in so many processes that train together, until all have ended.

    Raises:
        Heard: a process failed, and has said why.
        KaoganError: all of them were killed.

    """
    # Ours are the words of a single line; torch's are for whoever calls these functions.
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("torch.distributed"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    os.environ.setdefault("TORCH_ELASTIC_SHUTDOWN_TIMEOUT", FINISHING)
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, usable_cores() // processes)))
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
    )
    try:
        elastic_launch(config, sys.executable)("-m", "kaogan", *words)
    except SignalException:
        return  # they were told, and have saved
    except ChildFailedError as error:
        failed = error.failures.values()
        if len(failed) == processes and all(each.exitcode < 0 for each in failed):
            raise KaoganError(
                "all processes were killed; give the same command again: it goes on from the "
                "newest checkpoint"
            ) from None
        usage = any(each.exitcode == UsageError.exit_status for each in failed)
        raise Heard(str(error), UsageError.exit_status if usage else 1) from None
