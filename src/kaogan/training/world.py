"""The processes that train together: which part of a batch is mine, and what all of us agree on."""

from collections.abc import Sequence

from torch import Tensor


class World:
    """One process alone, whose part is the whole. Worlds of several processes derive from it."""

    rank: int = 0
    """The number of this process, from 0 to `size` - 1."""
    size: int = 1
    """How many processes there are."""

    def part(self, batch: Tensor) -> Tensor:
        """The share of this process of a batch that all of them know."""
        return batch

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Put into each tensor, in place, its mean over all processes."""

    def any(self, flag: bool) -> bool:
        """Is the flag set in any process?"""
        return flag
