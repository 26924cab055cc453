"""What an attack on runs found, and what killed trainings leave."""

import contextlib
import hashlib
import json
import shutil
import signal

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from toys import CPU, make_dataset, tiny_recipe

from kaogan.cli import main
from kaogan.errors import KaoganError
from kaogan.report.facts import gather
from kaogan.training import checkpoints
from kaogan.training.callbacks.timelapse import _frames
from kaogan.training.recipe import Budget
from kaogan.training.rows import append_row, read_rows
from kaogan.training.run import Run
from kaogan.training.tasks.images import train
from kaogan.weights import filled, write_weights

RECIPE = tiny_recipe(batch=70)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data") / "data")


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    run = tmp_path_factory.mktemp("hostile") / "run"
    train(RECIPE, data, run, Budget(images=140), CPU)
    return run


@pytest.fixture
def run(trained, tmp_path):
    return Run(shutil.copytree(trained, tmp_path / "run"))


def reseal(checkpoint, change):
    """Change the recipe in a checkpoint whose seal is right afterwards."""
    about = json.loads((checkpoint / "state.json").read_text())
    change(about)
    weights = (checkpoint / "state.safetensors").read_bytes()
    about |= {"sha256": hashlib.sha256(weights).hexdigest()}
    about.pop("seal")
    about["seal"] = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    (checkpoint / "state.json").write_text(json.dumps(about))


def test_what_killed_trainings_left_is_removed_at_the_next_start(run, data):
    left = [
        run.samples / ".000000070-ema.png.partial-0123abcd",
        run.path / ".timelapse.mp4.partial-0123abcd",
        run.path / ".run.json.partial-0123abcd",
        run.checkpoints / ".000000140.partial-0123abcd.lock",
    ]
    others = run.path / ".directions.json.partial-0123abcd"  # `kaogan directions` may be at work
    for file in [*left, others]:
        file.write_bytes(b"half")
    (run.best / ".000000140.partial-0123abcd").mkdir(parents=True)
    train(RECIPE, data, run.path, Budget(images=140), CPU)
    assert [path.name for path in run.path.rglob(".*partial*")] == [others.name]


def test_a_first_start_that_was_killed_is_no_other_folder(tmp_path, data):
    run = tmp_path / "run"
    (run / "plugins").mkdir(parents=True)
    (run / ".run.json.partial-0123abcd").write_bytes(b"{")
    train(RECIPE, data, run, Budget(images=70), CPU)
    assert not list(run.rglob(".*partial*"))


def test_a_network_of_gigabytes_is_not_built_for_a_small_file(run):
    (checkpoint,) = checkpoints.found(run.checkpoints)[-1:]
    wide = {"width": 512, "size": 256, "latent_dim": 4096}
    reseal(checkpoint, lambda about: about["recipe"]["model"].update(wide))
    for other in checkpoints.found(run.checkpoints)[:-1]:
        shutil.rmtree(other)
    with pytest.raises(KaoganError, match="not those of its recipe"):
        run.sampler("newest")
    with pytest.raises(ValueError, match="another network"):
        filled(lambda: torch.nn.Linear(10**6, 10**6), {"weight": torch.zeros(2, 2)})


@pytest.mark.parametrize("way", ["gone", "shape"])
def test_sealed_tensors_that_do_not_fit_are_one_line(run, data, way):
    for checkpoint in checkpoints.found(run.checkpoints):
        file = checkpoint / "state.safetensors"
        tensors = load_file(file)
        name = next(name for name in sorted(tensors) if name.startswith("ema."))
        tensors[name] = tensors[name][None].clone()
        if way == "gone":
            del tensors[name]
        save_file(tensors, file)
        reseal(checkpoint, lambda about: None)
    shutil.rmtree(run.best, ignore_errors=True)
    assert main(["sample", str(run.path), "--out", str(run.path / "s.png")]) == 1
    with pytest.raises(KaoganError, match="does not hold the networks"):
        train(RECIPE, data, run.path, Budget(images=210), CPU)


def test_a_run_without_a_sound_checkpoint_has_a_report(run):
    for checkpoint in checkpoints.found(run.checkpoints):
        (checkpoint / "state.json").write_bytes(b"")
    shutil.rmtree(run.best, ignore_errors=True)
    facts = gather(run)
    assert [player.parameters > 0 for player in facts.players] == [True, True]
    assert all(player.rows for player in facts.players)
    out = run.path / "r.html"
    assert main(["report", str(run.path), "--no-live", "--no-evaluate", "--out", str(out)]) == 0


@contextlib.contextmanager
def largest_file(size: int):
    """As on a full disk: a file takes so many bytes and no more."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_row_that_does_not_fit_on_the_disk_leaves_nothing(tmp_path):
    file = tmp_path / "rows.jsonl"
    append_row(file, {"images_seen": 1})
    with largest_file(file.stat().st_size + 5), pytest.raises(OSError, match="No space left"):
        append_row(file, {"images_seen": 2})
    append_row(file, {"images_seen": 3})
    assert [row["images_seen"] for row in read_rows(file)] == [1, 3]


def test_weights_on_a_full_disk_are_an_os_error(tmp_path):
    with largest_file(1000), pytest.raises(OSError, match="File too large"):
        write_weights({"a": torch.zeros(10_000)}, tmp_path / "a.safetensors")


def test_a_film_leaves_damaged_grids_out(tmp_path):
    for number, size in enumerate((40, 40, 20)):
        Image.fromarray(np.full((size, size, 3), 9, np.uint8)).save(tmp_path / f"{number}-ema.png")
    (tmp_path / "1-ema.png").write_bytes(b"\x89PNG")
    assert len(list(_frames(sorted(tmp_path.glob("*.png"))))) == 1
