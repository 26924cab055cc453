"""kaogan's packages, brought along as wheels to a machine that has only torch and NumPy.

A recipe is a pydantic model, and pictures are read with Pillow, so what is measured cannot do
without these packages. Stand-ins would measure another program. So `gpu.py --vendor 3.12` downloads
their wheels with pip, where pip works (12 MB, ignored by git); the checkout carries them; and where
a package is missing they are unpacked into a temporary folder. Some hold compiled code: wheels of
one Python do not fit another, so each Python has a folder.

TensorBoard, Matplotlib and PyAV are not among them: they take 200 MB, and only `kaogan train` uses
them, beside its training. What it cannot write without them is named in its table.
"""

import importlib.util
import os
import platform
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
WHEELS = ROOT / "build" / "wheels"

IMPORTED = ("PIL", "filelock", "jaxtyping", "latex2mathml", "pydantic", "rich", "safetensors")
"""What training imports, besides torch and NumPy."""
NEEDED = (
    *("annotated-types", "filelock", "jaxtyping", "latex2mathml", "markdown-it-py", "mdurl"),
    *("pillow", "pydantic", "pydantic-core", "pygments", "rich", "safetensors"),
    *("typing-extensions", "typing-inspection", "wadler-lindig"),
)
"""These, and all that they need in turn."""
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")


def fetch(version: str, wheels: Path) -> Path:
    """Download the wheels for a Python of this version ("3.12") on Linux, x86-64.

    Raises:
        SystemExit: pip could not.

    """
    folder = wheels / f"{version}-linux-x86_64"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary=:all:", "--implementation", "cp"]
    command += ["--python-version", version, *(f"--platform={name}" for name in PLATFORMS)]
    command += ["--dest", str(folder), "-c", str(ROOT / "constraints.txt"), *NEEDED]
    if subprocess.run(command).returncode:
        raise SystemExit(f"error: pip could not download the packages for Python {version}")
    return folder


def missing() -> list[str]:
    """Packages that this Python lacks."""
    return [name for name in IMPORTED if importlib.util.find_spec(name) is None]


def provide(wheels: Path, target: Path) -> None:
    """Let this process and those that it starts import kaogan, the benchmarks and their packages.

    Raises:
        SystemExit: packages are missing, and there are no wheels for this Python.

    """
    places = [ROOT / "benchmarks", ROOT / "src"]
    if lacking := missing():
        here = f"{sys.version_info[0]}.{sys.version_info[1]}-{sys.platform}-{platform.machine()}"
        files = sorted((wheels / here).glob("*.whl"))
        if not files:
            others = sorted(folder.name for folder in wheels.glob("*-*-*"))
            have = f"; the wheels in {wheels} are for {', '.join(others)}" if others else ""
            raise SystemExit(
                f"error: this Python ({here}) has no {', '.join(lacking)}{have}; install them, or "
                f"run, where pip works: python benchmarks/gpu.py --vendor {here.split('-')[0]}, "
                "and bring build/wheels along"
            )
        for file in files:
            with zipfile.ZipFile(file) as archive:
                archive.extractall(target)
        places.append(target)  # before what is there: the versions in it fit each other
    paths = [str(place) for place in places]
    sys.path[:0] = paths
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([*paths, before] if before else paths)
