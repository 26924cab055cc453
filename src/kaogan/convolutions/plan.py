"""The choice of an algorithm for each convolution, by measurement.

The library is fast for large maps and few channels, and slow for the small maps of deep layers.
How much depends on the machine, the number format and the batch.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from kaogan.convolutions.algorithms import ALGORITHMS, LIBRARY, Algorithm

ROUNDS = 3
WORTHWHILE = 1.1
"""An algorithm must be so many times as fast as the library to replace it."""

Operation = Callable[[Algorithm], Tensor]


class Plan:
    """The name of an algorithm for each operation on each layer, such as an earlier plan's choices.

    All other operations use the library.
    """

    def __init__(self, choices: Mapping[str, str] | None = None) -> None:
        choices = choices or {}
        self.choices = {key: name for key, name in choices.items() if name in ALGORITHMS}
        self._known: Mapping[str, str] | None = None
        self._notice: Callable[[str], None] | None = None

    @contextlib.contextmanager
    def learning(
        self, known: Mapping[str, str], notice: Callable[[str], None] | None = None
    ) -> Iterator[None]:
        """Within, each operation on a new layer is looked up in earlier choices, or measured.

        `notice` is called with the operation's name before each measurement.
        """
        self._known, self._notice = known, notice
        try:
            yield
        finally:
            self._known, self._notice = None, None

    def forward(self, x: Tensor, weight: Tensor) -> Tensor:
        """The convolution w * x: `N C H W` and `D C 4 4` to `N D h w`, where H = 2h and W = 2w."""
        d, c, _, _ = weight.shape
        shape = (d, c, x.shape[2] // 2, x.shape[3] // 2)
        return self._compute("forward", shape, x.dtype, lambda a: a.forward(x, weight))

    def input_gradient(self, g: Tensor, weight: Tensor) -> Tensor:
        """The transposed convolution of g with w: `N D h w` and `D C 4 4` to `N C H W`."""
        shape = (*weight.shape[:2], *g.shape[2:])
        return self._compute(
            "input gradient", shape, g.dtype, lambda a: a.input_gradient(g, weight)
        )

    def weight_gradient(self, x: Tensor, g: Tensor) -> Tensor:
        """The derivative of <g, w * x> by w: `N C H W` and `N D h w` to `D C 4 4`."""
        shape = (g.shape[1], x.shape[1], *g.shape[2:])
        return self._compute("weight gradient", shape, g.dtype, lambda a: a.weight_gradient(x, g))

    def _compute(
        self, name: str, shape: tuple[int, ...], dtype: torch.dtype, operation: Operation
    ) -> Tensor:
        """The operation by its algorithm, which is looked up or measured.

        A choice that was measured with one batch size holds for all: sampling and evaluation follow
        the plan of the training.
        """
        d, c, h, w = shape
        key = f"{name} of {c}x{2 * h}x{2 * w} to {d}x{h}x{w} in {str(dtype).removeprefix('torch.')}"
        if key not in self.choices and self._known is not None:
            fitting = {a.name: a for a in ALGORITHMS.values() if a.applies(h, w, dtype)}
            chosen = self._known.get(key)
            if chosen not in fitting:
                if self._notice is not None:
                    self._notice(key)
                chosen = _fastest(fitting, operation).name
            self.choices[key] = chosen
        return operation(ALGORITHMS[self.choices.get(key, LIBRARY.name)])


@torch.no_grad()
def _fastest(candidates: Mapping[str, Algorithm], operation: Operation) -> Algorithm:
    """The fastest algorithm, measured in turns; the library unless another is clearly faster."""
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
