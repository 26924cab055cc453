"""tools/page_runtime.py: the known files or none, from a stand-in for npm."""

import hashlib
import io
import json
import os
import re
import sys
import tarfile
from pathlib import Path

import pytest

from loading import TOOLS, load

ROOT = Path(__file__).parent.parent
RUNTIME = ROOT / "src" / "kaogan" / "page" / "runtime"

CONTENTS = {"ort.mjs": b"export default 1;", "ort.wasm": b"\0asm"}


tool = load(TOOLS / "page_runtime.py")


@pytest.fixture
def folder(tmp_path) -> Path:
    """A runtime folder in which nothing is but the manifest."""
    made = tmp_path / "runtime"
    made.mkdir()
    files = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()}
    about = {"package": "some-runtime", "version": "1.2.3", "files": files}
    (made / "manifest.json").write_text(json.dumps(about), encoding="utf-8")
    return made


def pack(file: Path, contents: dict[str, bytes]) -> Path:
    """A package as npm packs it."""
    with tarfile.open(file, "w:gz") as archive:
        for name, content in contents.items():
            entry = tarfile.TarInfo(f"package/dist/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return file


@pytest.fixture
def npm(tmp_path, monkeypatch) -> Path:
    """An npm that packs what lies in the file returned; none, and it fails."""
    package, script = tmp_path / "package.tgz", tmp_path / "bin" / "npm"
    script.parent.mkdir()
    script.write_text(
        f"#!{sys.executable}\nimport shutil, sys\n"
        "assert sys.argv[1:3] == ['pack', 'some-runtime@1.2.3'], sys.argv\n"
        "target = sys.argv[sys.argv.index('--pack-destination') + 1]\n"
        f"shutil.copy({str(package)!r}, target)\n",
        encoding="utf-8",
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent))
    return package


posix = pytest.mark.skipif(os.name == "nt", reason="the stand-in for npm is a script")


@posix
def test_it_fetches_what_is_missing_and_only_then(folder, npm, capsys):
    pack(npm, CONTENTS | {"other.wasm": b"not wanted"})
    assert tool.main(folder) == 0
    assert "some-runtime 1.2.3" in capsys.readouterr().out
    assert {file.name for file in folder.iterdir()} == {"manifest.json", *CONTENTS}
    assert all((folder / name).read_bytes() == content for name, content in CONTENTS.items())
    npm.unlink()
    assert tool.main(folder) == 0  # nothing to fetch
    assert capsys.readouterr().out == ""
    (folder / "ort.wasm").write_bytes(b"damaged")
    pack(npm, CONTENTS)
    assert tool.main(folder) == 0
    assert (folder / "ort.wasm").read_bytes() == CONTENTS["ort.wasm"]


@posix
@pytest.mark.parametrize(
    ("contents", "complaint"),
    [
        (CONTENTS | {"ort.wasm": b"changed"}, "ort.wasm .* SHA-256"),
        ({"ort.mjs": CONTENTS["ort.mjs"]}, "holds no ort.wasm"),
        (None, "npm could not fetch some-runtime@1.2.3"),
    ],
    ids=["changed", "missing", "npm fails"],
)
def test_all_files_or_none(contents, complaint, folder, npm, capsys):
    if contents is not None:
        pack(npm, contents)
    assert tool.main(folder) == 1
    captured = capsys.readouterr()
    (line,) = captured.err.strip().splitlines()
    assert re.search(complaint, line)
    assert [file.name for file in folder.iterdir()] == ["manifest.json"]


def test_without_npm_it_says_so_in_one_line(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tool.main(folder) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "there is no npm" in line
    assert "tools/page_runtime.py" in line


def test_the_licence_lies_beside_the_manifest():
    assert "Permission is hereby granted" in (RUNTIME / "LICENSE").read_text(encoding="utf-8")
