"""Files that are written beside the training, which does not wait for them."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

LIMIT = 16
"""Jobs that may wait. With more, the training waits for the first one."""


class Background:
    """One thread that does jobs in the order in which they are given.

    On a fast GPU, a picture takes longer to compress than to draw. What a job raises is raised by
    the next call of `do` or `wait`.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "background")
        self._waiting: deque[Future[None]] = deque()

    def do(self, job: Callable[[], None]) -> None:
        """Do `job` soon."""
        new = self._thread.submit(job)
        try:
            while self._waiting and (self._waiting[0].done() or len(self._waiting) >= LIMIT):
                self._waiting.popleft().result()
        finally:
            self._waiting.append(new)

    def wait(self) -> None:
        """Return when all jobs are done."""
        jobs = [*self._waiting]
        self._waiting.clear()
        wait(jobs)
        for job in jobs:
            job.result()
