"""The processes that train together: parts of a batch, means, and agreement on a flag."""

from collections.abc import Sequence

from torch import Tensor


class World:
    """A single process. Worlds of several processes are derived from it."""

    rank: int = 0
    """The number of this process, from 0 to `size` - 1."""
    size: int = 1
    """How many processes there are."""

    def part(self, batch: Tensor) -> Tensor:
        """The part of this process in a batch that all processes know."""
        return batch

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor, in place, by its mean over all processes."""

    def any(self, flag: bool) -> bool:
        """Is the flag set in any process?"""
        return flag
