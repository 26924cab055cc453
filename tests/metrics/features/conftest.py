from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Caches of every program lie in a folder of the test's own, and are empty."""
    home = tmp_path / "machine"
    for variable in ("KAOGAN_CACHE", "TORCH_HOME", "DNNLIB_CACHE_DIR", "TMPDIR", "HF_HOME"):
        folder = home / variable.lower()
        folder.mkdir(parents=True)
        monkeypatch.setenv(variable, str(folder))
    monkeypatch.setattr("tempfile.tempdir", str(home / "tmpdir"))
    monkeypatch.delenv("KAOGAN_INCEPTION", raising=False)
    return home
