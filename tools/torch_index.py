"""Options of pip that choose the build of PyTorch; the Makefile calls this.

    pip install $(python tools/torch_index.py) torch

On Linux, the package that pip finds brings gigabytes of libraries for NVIDIA's GPUs. Where there is
no driver for one, PyTorch's own index has a build without them. The option is printed on standard
output, the reason on the error stream. Only the standard library is used: nothing is installed yet.
"""

import shutil
import sys
import threading
import urllib.request
from pathlib import Path

INDEX = "https://download.pytorch.org/whl/cpu"
SECONDS = 3.0
"""How long the index may take to answer."""


def main() -> int:
    options, reason = choose(sys.platform, has_driver(), INDEX)
    print(f"PyTorch: {reason}", file=sys.stderr)
    print(*options)
    return 0


def choose(system: str, driver: bool, index: str) -> tuple[list[str], str]:
    """The options, and why.

    Args:
        system: the operating system, as `sys.platform` names it.
        driver: is there an NVIDIA driver?
        index: the address of PyTorch's index of CPU builds.

    """
    if system != "linux":
        return [], "what pip finds, which has no GPU libraries on this system"
    if driver:
        return [], "what pip finds, with GPU libraries, because there is an NVIDIA driver"
    if not answers(f"{index}/torch/", SECONDS):
        return [], f"what pip finds, because {index} does not answer"
    # Beside the usual index, which has everything else. Of 2.13.0 and 2.13.0+cpu, pip takes the
    # second one for torch==2.13.0.
    return ["--extra-index-url", index], "the CPU build, because there is no NVIDIA driver"


def has_driver() -> bool:
    """Is there a driver for NVIDIA's GPUs?"""
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def answers(address: str, seconds: float) -> bool:
    """Does a server answer in this time? A name that is looked up for long counts as no answer."""
    found: list[bool] = []

    def ask() -> None:
        try:
            request = urllib.request.Request(address, method="HEAD")
            with urllib.request.urlopen(request, timeout=seconds) as answer:
                found.append(answer.status == 200)
        except Exception:  # no network, no such name, no page, ...
            found.append(False)

    asking = threading.Thread(target=ask, daemon=True)  # ends with this process
    asking.start()
    asking.join(seconds)
    return found == [True]


if __name__ == "__main__":
    sys.exit(main())
