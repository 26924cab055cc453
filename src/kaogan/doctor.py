"""Versions, devices, extras and folders: what a report of a fault needs, and what to fix."""

import importlib.metadata
import os
import platform
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch

from kaogan.files import cache_folder
from kaogan.machine import usable_cores
from kaogan.training.precision import choose_device, choose_precision, name_of
from kaogan.version import __version__

ROOM = 2**30
"""Bytes: about what a data set of 63,000 faces and a run need."""


@dataclass(frozen=True)
class Finding:
    """One line of the examination."""

    name: str
    value: str
    advice: str = ""
    """What to do about it; empty if nothing is wrong."""


def examine() -> list[Finding]:
    """Examine this installation and machine. Nothing is changed, and no network is used."""
    return [*_versions(), *_machine(), *_extras(), *_folders()]


def _versions() -> list[Finding]:
    return [
        Finding("kaogan", __version__),
        Finding("Python", f"{platform.python_version()} on {platform.platform()}"),
        Finding("torch", torch.__version__, _torch_advice()),
    ]


def _torch_advice() -> str:
    """Advice if there is a GPU that this build of torch cannot use."""
    if torch.version.cuda is None and shutil.which("nvidia-smi"):
        return (
            "this machine has an NVIDIA driver, but torch is built without CUDA; install a "
            "CUDA build into the same environment, as PyTorch's page on getting started says"
        )
    return ""


def _machine() -> list[Finding]:
    device = choose_device("auto")
    cores, threads = usable_cores(), torch.get_num_threads()
    there = os.cpu_count() or 1
    beside = f"; the machine has {there}" if there > cores else ""
    advice = ""
    if threads < cores and "OMP_NUM_THREADS" in os.environ:
        advice = f"OMP_NUM_THREADS={os.environ['OMP_NUM_THREADS']} leaves cores idle; unset it"
    return [
        Finding("device", f"{device}: {name_of(device)}"),
        Finding("precision", choose_precision("auto", device, remember=False)),
        Finding("threads", f"{threads} of {cores} usable cores{beside}", advice),
    ]


def _extras() -> list[Finding]:
    """Each extra of the package: the versions of its packages, or how to install them."""
    package = importlib.metadata.metadata("kaogan")
    findings = []
    for extra in package.get_all("Provides-Extra") or []:
        if extra == "dev":
            continue  # developers see what is missing
        # The lines of an extra's packages end in `extra == 'NAME'`.
        mark = re.compile(rf"extra == ['\"]{re.escape(extra)}['\"]")
        lines = [line for line in package.get_all("Requires-Dist") or [] if mark.search(line)]
        names = [re.split(r"[^A-Za-z0-9._-]", line)[0] for line in lines]
        try:
            value = ", ".join(
                f"{name} {importlib.metadata.version(name)}" for name in names if name != "kaogan"
            )
        except importlib.metadata.PackageNotFoundError:
            value = f"not installed; to get it: pip install 'kaogan[{extra}]'"
        findings.append(Finding(f"extra {extra}", value))
    return findings


def _folders() -> list[Finding]:
    here, cache = Path.cwd(), cache_folder()
    free = shutil.disk_usage(here).free
    room = "" if free > ROOM else "make room: a data set and a run need about 1 GB"
    findings = [Finding("free here", f"{free / 1e9:.1f} GB", room)]
    parent = next(folder for folder in (cache, *cache.parents) if folder.exists())
    for name, folder, place, advice in (
        ("this folder", here, here, "cd to a folder of your own, or give --out"),
        ("cache", cache, parent, "set KAOGAN_CACHE to a folder of your own"),
    ):
        writable = os.access(place, os.W_OK)
        words = f"{folder}, {'writable' if writable else 'not writable'}"
        findings.append(Finding(name, words, "" if writable else advice))
    return findings
