"""What the profiler sees of some steps."""

from collections.abc import Callable
from typing import Any

import torch
from torch.autograd import DeviceType  # type: ignore[attr-defined]
from torch.profiler import ProfilerActivity, profile

from kaogan.bench.timing import seconds_of

ROWS = 25


def profiled(work: Callable[[], object], steps: int, device: torch.device) -> dict[str, Any]:
    """Kernels a step, microseconds a step in which at least one runs, and the first rows.

    Rows have the most time of their own first: on the GPU, or of the host on a CPU. Each has a
    name, and a step's calls, microseconds of the GPU and microseconds of the host. The time of a
    kernel also stands in the row of the operator that launched it, as in PyTorch's own table.
    """
    activities = [ProfilerActivity.CPU]
    if device.type == "cuda":
        activities.append(ProfilerActivity.CUDA)
    with profile(activities=activities) as found:
        seconds_of(work, device)
    kernels = [event for event in found.events() or () if _is_kernel(event)]
    on_gpu = device.type == "cuda"

    def own(row: Any) -> float:
        return float(row.self_device_time_total if on_gpu else row.self_cpu_time_total)

    rows = sorted(found.key_averages(), key=own, reverse=True)[:ROWS]
    return {
        "kernels": len(kernels) / steps if kernels else None,
        "busy_seconds": _busy(kernels) / steps / 1e6 if kernels else None,
        "rows": [
            [
                row.key[:120],
                row.count / steps,
                row.self_device_time_total / steps,
                row.self_cpu_time_total / steps,
            ]
            for row in rows
        ],
    }


def _is_kernel(event: Any) -> bool:
    """On the GPU, a copy or a fill as well, but no remark that spans several of them."""
    remark = getattr(event, "is_user_annotation", False) or event.name.startswith("Optimizer.")
    return event.device_type == DeviceType.CUDA and not remark


def _busy(kernels: list[Any]) -> float:
    """Microseconds in which at least one of them runs."""
    busy, until = 0.0, float("-inf")
    for start, end in sorted((event.time_range.start, event.time_range.end) for event in kernels):
        busy += max(0.0, end - max(start, until))
        until = max(until, end)
    return busy
