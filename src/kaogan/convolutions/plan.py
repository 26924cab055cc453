"""Which algorithm computes which convolution: measured, not guessed.

The library is fast for large maps and few channels, and slow for the deep, small layers; by how
much depends on the machine, the number format and the batch.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from kaogan.convolutions.algorithms import ALGORITHMS, LIBRARY, Algorithm

ROUNDS = 3
WORTHWHILE = 1.1
"""How many times as fast as the library an algorithm must be to take its place."""

Operation = Callable[[Algorithm], Tensor]


class Plan:
    """For each operation and layer the name of an algorithm; for all others, the library.

    Args:
        choices: what an earlier plan chose.

    """

    def __init__(self, choices: Mapping[str, str] | None = None) -> None:
        known = choices or {}
        self.choices = {key: name for key, name in known.items() if name in ALGORITHMS}
        self._known: Mapping[str, str] | None = None
        self._notice: Callable[[str], None] = _say_nothing

    @contextlib.contextmanager
    def learning(
        self, known: Mapping[str, str], notice: Callable[[str], None] | None = None
    ) -> Iterator[None]:
        """Within, each operation on a new layer is looked up in what is known, or measured.

        Args:
            known: what earlier plans chose.
            notice: called with the operation's name before each measurement.

        """
        self._known, self._notice = known, notice or _say_nothing
        try:
            yield
        finally:
            self._known, self._notice = None, _say_nothing

    def forward(self, x: Tensor, weight: Tensor) -> Tensor:
        """The convolution w * x: `N C H W` and `D C 4 4` to `N D h w`, where H = 2h and W = 2w."""
        size = (x.shape[2] // 2, x.shape[3] // 2)
        chosen = self._choose(
            "forward", _channels(weight), size, x.dtype, lambda a: a.forward(x, weight)
        )
        return chosen.forward(x, weight)

    def input_gradient(self, g: Tensor, weight: Tensor) -> Tensor:
        """The transposed convolution of g with w: `N D h w` and `D C 4 4` to `N C H W`."""
        size = (g.shape[2], g.shape[3])
        chosen = self._choose(
            "input gradient",
            _channels(weight),
            size,
            g.dtype,
            lambda a: a.input_gradient(g, weight),
        )
        return chosen.input_gradient(g, weight)

    def weight_gradient(self, x: Tensor, g: Tensor) -> Tensor:
        """The derivative of <g, w * x> by w: `N C H W` and `N D h w` to `D C 4 4`."""
        size = (g.shape[2], g.shape[3])
        channels = (g.shape[1], x.shape[1])
        chosen = self._choose(
            "weight gradient", channels, size, g.dtype, lambda a: a.weight_gradient(x, g)
        )
        return chosen.weight_gradient(x, g)

    def _choose(
        self,
        name: str,
        channels: tuple[int, int],
        size: tuple[int, int],
        dtype: torch.dtype,
        operation: Operation,
    ) -> Algorithm:
        """The algorithm for this operation, from memory or by measurement.

        What was measured with one batch holds for all: drawing and evaluating follow the plan of
        the training.
        """
        (d, c), (h, w) = channels, size
        key = f"{name} of {c}x{2 * h}x{2 * w} to {d}x{h}x{w} in {str(dtype).removeprefix('torch.')}"
        if key not in self.choices and self._known is not None:
            fitting = {a.name: a for a in ALGORITHMS.values() if a.applies(h, w, dtype)}
            chosen = self._known.get(key)
            if chosen not in fitting:
                self._notice(key)
                chosen = _fastest(fitting, operation).name
            self.choices[key] = chosen
        return ALGORITHMS[self.choices[key]] if key in self.choices else LIBRARY


def _channels(weight: Tensor) -> tuple[int, int]:
    """Channels out and in."""
    return weight.shape[0], weight.shape[1]


def _say_nothing(key: str) -> None:
    """Nobody wants to know."""


@torch.no_grad()
def _fastest(candidates: Mapping[str, Algorithm], operation: Operation) -> Algorithm:
    """Time all in turn; the library unless another one is clearly faster."""
    best = {each: _seconds(operation, each) for each in candidates.values()}  # warms up, too
    hopeful = [each for each in candidates.values() if best[each] < 2 * min(best.values())]
    best = dict.fromkeys({LIBRARY, *hopeful}, float("inf"))
    for _ in range(ROUNDS):
        for each in best:
            best[each] = min(best[each], _seconds(operation, each))
    winner = min(best, key=best.__getitem__)
    return winner if WORTHWHILE * best[winner] < best[LIBRARY] else LIBRARY


def _seconds(operation: Operation, algorithm: Algorithm) -> float:
    start = time.perf_counter()
    operation(algorithm)
    return time.perf_counter() - start
