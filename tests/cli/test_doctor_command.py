import json

import torch

from kaogan import __version__


def test_it_names_versions_device_and_precision(kaogan):
    lines = kaogan("doctor").out.splitlines()
    said = {line.split("  ")[0]: line for line in lines if line}
    assert said["kaogan"].endswith(__version__)
    assert said["torch"].endswith(torch.__version__)
    assert "precision" in said
    assert "device" in said


def test_as_json(kaogan):
    findings = {row["name"]: row for row in json.loads(kaogan("doctor", "--json").out)}
    assert findings["kaogan"]["value"] == __version__
    assert "extra keras" in findings
    assert "extra dev" not in findings


def test_it_says_what_to_mend(kaogan, monkeypatch, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir()
    monkeypatch.setenv("KAOGAN_CACHE", str(closed / "cache"))
    monkeypatch.setattr("os.access", lambda path, mode: False)
    said = kaogan("doctor").out
    assert "To mend:" in said
    assert "- cache: set KAOGAN_CACHE" in said
    assert not (closed / "cache").exists()
