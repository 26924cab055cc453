"""Work beside the training, which does not wait for it: files, evaluations, grids."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import torch

LIMIT = 16
"""Jobs that may wait. With more, the training waits for the first one."""


class Background:
    """One thread that does jobs in the order in which they are given.

    On a fast GPU, a picture takes longer to compress than to draw, and an evaluation as long as
    thousands of steps. `then` is called with the job's result, in the thread of the training, by
    the next call of a method here. That call also raises what the job raised.

    Args:
        device: where jobs may compute while the training goes on; None: the training waits for
            jobs that compute. On a CPU they would take its cores. On a GPU they would change
            settings of PyTorch under its feet, if its steps are not recorded.

    """

    def __init__(self, device: torch.device | None = None) -> None:
        self.beside = device is not None
        """Is computing done beside the training? Then it needs copies of what the training
        changes."""
        self._device = device
        self._thread = ThreadPoolExecutor(1, "background")
        self._waiting: deque[tuple[Future[Any], Callable[[Any], None]]] = deque()

    def do(self, job: Callable[[], Any], then: Callable[[Any], None] = lambda result: None) -> None:
        """Do `job` soon."""
        new = self._thread.submit(job), then
        try:
            while len(self._waiting) >= LIMIT:
                self._end_first()
            self.look()
        finally:
            self._waiting.append(new)

    def compute(
        self, job: Callable[[], Any], then: Callable[[Any], None] = lambda result: None
    ) -> None:
        """Do a job that computes on the device: soon, or now."""
        if not self.beside:
            then(job())
            return
        if self._device is not None and self._device.type == "cuda":
            job = _on_a_stream(job, self._device)
        self.do(job, then)

    def look(self) -> None:
        """End the jobs that are done."""
        while self._waiting and self._waiting[0][0].done():
            self._end_first()

    def wait(self) -> None:
        """Return when all jobs are done. Of several errors, the first one is raised."""
        errors = []
        while self._waiting:
            try:
                self._end_first()
            except OSError as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def _end_first(self) -> None:
        job, then = self._waiting.popleft()
        then(job.result())


def _on_a_stream(job: Callable[[], Any], device: torch.device) -> Callable[[], Any]:
    """The job on a stream of its own, which begins after all that the GPU was given until now.

    When the job ends, its work is done, so that its memory may be used again.
    """
    stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream(device))

    def on_a_stream() -> Any:
        try:
            with torch.cuda.stream(stream):
                return job()
        finally:
            stream.synchronize()

    return on_a_stream
