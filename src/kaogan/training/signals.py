"""Ctrl-C ends a training after the current step, with everything saved."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from kaogan.training.run_log import RunLog
from kaogan.training.trainer import Trainer


@contextlib.contextmanager
def stop_on_signals(trainer: Trainer, run_log: RunLog) -> Iterator[None]:
    """The first SIGINT or SIGTERM ends the training after the current step, the second at once.

    Of several processes, torchrun sends all of them a signal, also if one has ended; it ends those
    that take too long.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def request_stop(number: int, frame: FrameType | None) -> None:
        if trainer.world.size > 1:
            trainer.stop_requested = True
            return
        if trainer.stop_requested:
            raise KeyboardInterrupt
        trainer.stop_requested = True
        with contextlib.suppress(RuntimeError):  # the signal came during a print
            run_log.say("stopping: finishing this step and saving; once more to stop at once")

    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, request_stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
