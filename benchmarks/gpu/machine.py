"""What is measured on: versions and limits; and the pictures that all contenders learn from."""

import dataclasses
import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from gpu.packages import ROOT
from kaogan.bench.floor import measure_bandwidth, measure_peak, step_work
from kaogan.data.avatars import draw_avatars
from kaogan.data.dataset import open_dataset
from kaogan.errors import KaoganError
from kaogan.machine import usable_cores
from kaogan.recipes import named
from kaogan.training.precision import choose_precision
from kaogan.training.recipe import Precision
from speed import SIZE, write_files
from worker import About, Orders, Task, serve


def load(task: Task) -> tuple[About, Orders]:
    """Offer the limits, the least work of a step, and the pictures."""
    device = torch.device(task["device"])
    if device.type == "cuda" and not torch.cuda.is_available():
        return {"no_gpu": True}, {}
    precision = choose_precision("auto", device)

    def limits(_: int) -> dict[str, Any]:
        formats: set[Precision] = {"fp32", precision}
        if device.type == "cuda":
            formats |= {"bf16", "fp16"}
        peaks = {name: measure_peak(device, name) for name in sorted(formats)}
        size = {"size": 2**20} if task["quick"] else {}
        return {"peaks": peaks, "bytes_per_second": measure_bandwidth(device, **size)}

    def work(batch: int) -> dict[str, Any]:
        """The least work of a step with each recipe."""
        found = {}
        for name in task["recipes"]:
            recipe = named(name, batch=batch, width=task["width"])
            found[name] = dataclasses.asdict(step_work(recipe, precision))
        return found

    def pictures(count: int) -> dict[str, Any]:
        """The data set that was asked for, or so many avatars; and JPEG files of them."""
        folder = Path(task["folder"])
        if task["data"]:
            dataset = open_dataset(task["data"])
        else:
            dataset = draw_avatars(folder / "avatars", count=count)
        if (dataset.size, dataset.channels) != (SIZE, 3):
            raise KaoganError(f"{dataset.path} is not {SIZE}x{SIZE} in colour")
        files = write_files(dataset, folder / "files")
        return {"data": str(dataset.path.resolve()), "files": str(files), "count": len(dataset)}

    orders: Orders = {"limits": limits, "work": work, "pictures": pictures}
    return {**versions(device), "precision": precision}, orders


def versions(device: torch.device) -> dict[str, Any]:
    """The hardware, and the version of everything that its speed depends on; None: unknown."""
    on_gpu = device.type == "cuda"
    gpu = torch.cuda.get_device_properties(device) if on_gpu else None
    return {
        "device": gpu.name if gpu else device.type,
        "memory": f"{gpu.total_memory / 1e9:.0f} GB" if gpu else None,
        "multiprocessors": gpu.multi_processor_count if gpu else None,
        "driver": said_by("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version() if on_gpu else None,  # type: ignore[no-untyped-call]
        "triton": version_of("triton"),
        "compiler": next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None),
        "numpy": version_of("numpy"),
        "python": sys.version.split()[0],
        "kernel": " ".join(os.uname()[::2][:2]) if hasattr(os, "uname") else sys.platform,
        "cores": usable_cores(),
        "shm": _gigabytes(Path("/dev/shm")),  # through which loaders pass their batches
        "commit": said_by("git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"),
    }


def _gigabytes(folder: Path) -> str | None:
    return f"{shutil.disk_usage(folder).total / 1e9:.1f} GB" if folder.is_dir() else None


def version_of(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def said_by(*command: str) -> str | None:
    """The first line that a program prints; None if it is not there, or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = done.stdout.strip().splitlines()
    return lines[0] if lines and not done.returncode else None


if __name__ == "__main__":
    serve(load)
