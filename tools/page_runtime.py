"""Fetch what the page draws with, onnxruntime-web, into src/kaogan/page/runtime:

    python tools/page_runtime.py

The version and the files' SHA-256 stand in manifest.json there; npm fetches the package. Files that
are there and whole are left alone. What is there when a wheel is built is packed into it.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

RUNTIME = Path(__file__).parent.parent / "src" / "kaogan" / "page" / "runtime"
WITHOUT = "the page (kaogan explore, --format page) stays away, all else works"


class NotFetched(Exception):
    """Why the runtime is not there, in one line."""


def missing(folder: Path) -> list[str]:
    """The manifest's files that are not in the folder, or not as they should be."""
    return [
        name
        for name, sha256 in manifest(folder)["files"].items()
        if not (folder / name).is_file() or digest((folder / name).read_bytes()) != sha256
    ]


def manifest(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def unpack(archive: Path, folder: Path) -> None:
    """Write the manifest's files out of npm's archive: all of them, checked before, or none.

    Raises:
        NotFetched: the archive lacks one, or holds another than it should.

    """
    contents = {}
    with tarfile.open(archive) as packed:
        for name, sha256 in manifest(folder)["files"].items():
            try:
                content = packed.extractfile(f"package/dist/{name}").read()
            except (KeyError, AttributeError):
                raise NotFetched(f"{archive.name} holds no {name}") from None
            if digest(content) != sha256:
                raise NotFetched(f"{name} in {archive.name} is not the file that is known: SHA-256")
            contents[name] = content
    for name, content in contents.items():
        partial = folder / f".{name}.partial"
        partial.write_bytes(content)
        os.replace(partial, folder / name)


def fetch(folder: Path) -> None:
    """Have npm fetch the package, and unpack it.

    Raises:
        NotFetched: there is no npm, it could not fetch the package, or as `unpack`.

    """
    npm = shutil.which("npm")
    if npm is None:
        raise NotFetched("there is no npm; install Node.js")
    about = manifest(folder)
    with tempfile.TemporaryDirectory() as temporary:
        wanted = f"{about['package']}@{about['version']}"
        command = [npm, "pack", wanted, "--silent", "--pack-destination", temporary]
        done = subprocess.run(command, cwd=temporary, capture_output=True, text=True, check=False)
        archives = list(Path(temporary).glob("*.tgz"))
        if done.returncode != 0 or not archives:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["it says nothing"]
            raise NotFetched(f"npm could not fetch {wanted}: {lines[-1]}")
        unpack(archives[0], folder)


def main(folder: Path = RUNTIME) -> int:
    """Make the runtime complete; the exit status says whether it is."""
    if not missing(folder):
        return 0
    about = manifest(folder)
    print(f"Fetching {about['package']} {about['version']} for the page ...")
    try:
        fetch(folder)
    except NotFetched as error:
        command = "python tools/page_runtime.py"
        print(f"note: {error}. Until it is fetched with {command}, {WITHOUT}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
