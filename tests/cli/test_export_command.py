"""`kaogan export`, as a user types it."""

import builtins
import json

import numpy as np
import pytest

from kaogan.export import Keras, Safetensors
from kaogan.training.run import Run
from kaogan.training.sampling import Sampler

keras = pytest.importorskip("keras", reason="needs kaogan[keras]")


def test_a_run_becomes_a_keras_file_with_its_faces(kaogan, trained, tmp_path):
    out = tmp_path / "g.keras"
    outcome = kaogan("export", trained, "--format", "keras", "--out", out)
    assert outcome.status == 0, outcome.err
    assert str(out) in outcome.out
    back = Sampler(Keras().read(out).module, 100)
    np.testing.assert_array_equal(back.sample(4), Run(trained).sample(4))


def test_there_and_back_is_the_same_file(kaogan, trained, tmp_path):
    files = [tmp_path / name for name in ("d.safetensors", "d.keras", "again.safetensors")]
    first = ("export", trained, "--network", "discriminator", "--format", "safetensors")
    assert kaogan(*first, "--out", files[0]).status == 0
    assert kaogan("export", files[0], "--format", "keras").status == 0
    assert kaogan("export", files[1], "--format", "safetensors", "--out", files[2]).status == 0
    one, other = (Safetensors().read(file).module.state_dict() for file in (files[0], files[2]))
    assert all((one[key] == other[key]).all() for key in one if "num_batches" not in key)


def test_raw_and_averaged_weights_differ(kaogan, trained, tmp_path):
    pictures = []
    for weights in ("raw", "ema"):
        out = tmp_path / f"{weights}.keras"
        options = ("--weights", weights, "--checkpoint", "newest", "--out", out)
        assert kaogan("export", trained, "--format", "keras", *options).status == 0
        pictures.append(Sampler(Keras().read(out).module, 100).sample(4))
    assert (pictures[0] != pictures[1]).any()


def test_json_says_what_was_written(kaogan, trained):
    outcome = kaogan("export", trained, "--format", "keras", "--json")
    about = json.loads(outcome.out)
    out = trained / "generator.keras"
    assert about == {
        "file": str(out),
        "format": "keras",
        "network": "generator",
        "bytes": out.stat().st_size,
    }
    out.unlink()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--format", "keras"], "give a RUN"),
        (["RUN", "--pretrained", "faces-64", "--format", "keras"], "give a RUN"),
        (["RUN", "--format", "keras", "--out", "g.onnx"], "FILE.keras"),
        (["--pretrained", "faces-64", "--weights", "raw", "--format", "keras"], "--weights"),
        (["g.keras", "--network", "discriminator", "--format", "safetensors"], "--network"),
        (
            ["RUN", "--network", "discriminator", "--weights", "ema", "--format", "keras"],
            "no averaged weights",
        ),
        (["--pretrained", "faces", "--format", "keras"], "comes with kaogan"),
        (["no-run", "--format", "keras"], "no run"),
        (["none.keras", "--format", "safetensors"], "no file"),
        (["RUN", "--checkpoint", "7", "--format", "keras"], "no checkpoint 7"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_line(kaogan, trained, arguments, complaint):
    outcome = kaogan("export", *(trained if word == "RUN" else word for word in arguments))
    assert outcome.status in (1, 2)
    assert complaint in outcome.error


def test_without_keras_a_line_says_how_to_get_it(kaogan, trained, monkeypatch):
    load = builtins.__import__

    def refuse(name, *rest):
        if name == "keras":
            raise ModuleNotFoundError("No module named 'keras'", name="keras")
        return load(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    outcome = kaogan("export", trained, "--format", "keras")
    assert outcome.status == 1
    assert "pip install 'kaogan[keras]'" in outcome.error
