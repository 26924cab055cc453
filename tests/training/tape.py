"""What a CUDA graph does with kernels, done with operators on a CPU."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Tape(TorchDispatchMode):
    """Records operators, and runs them again on the same memory.

    As in a CUDA graph, nothing of Python is on it: a number that changes from step to step, or a
    tensor that is replaced and not overwritten, would be missed.
    """

    def __init__(self):
        super().__init__()
        self.calls = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **kwargs or {})
        if func.namespace == "aten":  # and not the profiler's marks
            self.calls.append((func, args, kwargs or {}, result))
        return result

    def replay(self):
        with torch.no_grad():
            for func, args, kwargs, result in self.calls:
                for kept, new in zip(
                    tree_leaves(result), tree_leaves(func(*args, **kwargs)), strict=True
                ):
                    if new is not kept and new.data_ptr() != kept.data_ptr():
                        kept.copy_(new)


def record(step, rng=None):
    """`cuda_graph`, for CPUs."""
    step()
    with Tape() as tape:
        stats = step()
    return stats, tape.replay
