"""`train`: what it refuses, what it survives, and what it says."""

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Literal

import pytest
import torch
from toys import (
    CPU,
    PROCESSES,
    Points,
    checkpoint_names,
    log_text,
    make_dataset,
    numbers,
    rows,
    tiny_recipe,
    weights,
)

import kaogan
from kaogan.contracts import Batch
from kaogan.data.batches import ImageBatches
from kaogan.data.dataset import open_dataset
from kaogan.errors import KaoganError, UsageError
from kaogan.training import checkpoints
from kaogan.training.callbacks import metrics_log
from kaogan.training.events import read_events
from kaogan.training.recipe import Budget, Recipe, Watch
from kaogan.training.run import Run
from kaogan.training.run_log import RunLog
from kaogan.training.tasks.images import train

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX only")


@pytest.fixture(scope="module")
def trained(dataset, tmp_path_factory):
    path = tmp_path_factory.mktemp("trained") / "run"
    train(tiny_recipe(), dataset, path, Budget(images=16), CPU)
    return path


@pytest.fixture
def run(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def short_rows(monkeypatch):
    """A row of the log for every second step."""
    monkeypatch.setattr(metrics_log, "IMAGES_PER_ROW", 16)


# Which run it is


def test_a_training_leaves_a_run_to_draw_from(run, capsys):
    assert {path.name for path in run.iterdir()} >= {
        "run.json",
        "checkpoints",
        "metrics.jsonl",
        "samples",
        "log.txt",
        "tensorboard",
        "faces.png",
        "real-and-generated.png",
    }
    faces = Run(run).sample(4, seed=1)
    assert faces.shape == (4, 32, 32, 3)
    assert kaogan.Run(run).recipe == tiny_recipe()


def test_too_few_pictures_are_remarked_upon(run):
    assert "37 pictures are few" in log_text(run)


def test_another_recipe_is_refused_with_the_differences(run, dataset):
    before = weights(run, "000000016"), (run / "run.json").read_text()
    other = tiny_recipe(lr=1e-3, loss="minimax")
    with pytest.raises(UsageError) as error:
        train(other, dataset, run, Budget(images=24), CPU)
    assert "loss.name: minimax, not nonsaturating" in str(error.value)
    assert "lr: 0.001, not 0.0002" in str(error.value)
    assert "use another --out" in str(error.value)
    assert (weights(run, "000000016"), (run / "run.json").read_text()) == before


def make_older(run):
    """As it was written before penalties had an interval, pictures a mirror, and so on."""

    def without_new_fields(about):
        recipe = about["recipe"]
        del recipe["penalty_interval"], recipe["mirror"]
        del recipe["model"]["initialization"], recipe["model"]["minibatch_std"]

    path = run / "run.json"
    about = json.loads(path.read_text())
    without_new_fields(about)
    path.write_text(json.dumps(about))
    for path in (run / "checkpoints").glob("*/state.json"):
        numbers = json.loads(path.read_text())
        del numbers["seal"]
        without_new_fields(numbers)
        path.write_text(json.dumps(numbers | {"seal": checkpoints._seal(numbers)}))


def test_a_run_from_before_the_standard_recipe_opens_and_goes_on(dataset, tmp_path):
    """Penalties on every step, pictures as they are: what the new fields mean unless set."""
    recipe = tiny_recipe(norm="none", loss="relativistic", penalties={"r1": 1.0, "r2": 1.0})
    whole, older = tmp_path / "whole", tmp_path / "older"
    train(recipe, dataset, whole, Budget(images=40), CPU)
    train(recipe, dataset, older, Budget(images=16), CPU)
    make_older(older)
    assert Run(older).recipe == recipe
    assert Run(older).sample(2).shape == (2, 32, 32, 3)
    train(recipe, dataset, older, Budget(images=40), CPU)
    assert weights(older, "000000040") == weights(whole, "000000040")


def test_other_data_is_refused(run, tmp_path):
    other = make_dataset(tmp_path / "other", seed=1)
    with pytest.raises(UsageError, match="data: fingerprint"):
        train(tiny_recipe(), other, run, Budget(images=24), CPU)


def test_the_same_data_elsewhere_is_the_same_data(run, dataset, tmp_path):
    shutil.copytree(dataset.path, tmp_path / "moved")
    train(tiny_recipe(), open_dataset(tmp_path / "moved"), run, Budget(images=24), CPU)
    assert checkpoint_names(run) == ["000000016", "000000024"]


@pytest.mark.parametrize("other", [{"size": 64}, {"channels": 1}])
def test_a_recipe_that_does_not_fit_the_data_is_refused_and_leaves_nothing(
    dataset, tmp_path, other
):
    with pytest.raises(UsageError, match="use --size 32, or prepare the data anew"):
        train(tiny_recipe(**other), dataset, tmp_path / "run", Budget(images=8), CPU)
    assert not (tmp_path / "run").exists()


def test_a_device_that_is_not_there_is_refused_and_leaves_nothing(dataset, tmp_path):
    hardware = CPU.model_copy(update={"device": "warp"})
    with pytest.raises(UsageError, match="no device 'warp'"):
        train(tiny_recipe(), dataset, tmp_path / "run", Budget(images=8), hardware)
    assert not (tmp_path / "run").exists()


def test_a_resumed_run_keeps_its_precision(run, dataset):
    hardware = CPU.model_copy(update={"precision": "auto"})
    train(tiny_recipe(), dataset, run, Budget(images=24), hardware)
    assert Run(run).about["precision"] == "fp32"


def test_grey_pictures_train_as_well(tmp_path):
    grey = make_dataset(tmp_path / "grey", channels=1)
    run = train(tiny_recipe(channels=1), grey, tmp_path / "run", Budget(images=16), CPU)
    assert run.sample(2).shape == (2, 32, 32, 1)


def test_one_picture_is_enough_to_start(tmp_path):
    one = make_dataset(tmp_path / "one", count=1)
    train(tiny_recipe(), one, tmp_path / "run", Budget(images=16), CPU)
    assert checkpoint_names(tmp_path / "run") == ["000000016"]


def test_damaged_checkpoints_are_named_and_the_training_goes_on(run, dataset, capsys):
    train(tiny_recipe(), dataset, run, Budget(images=24), CPU)
    whole = weights(run, "000000024")
    (run / "checkpoints" / "000000024" / "state.safetensors").write_bytes(whole[:-1000])
    train(tiny_recipe(), dataset, run, Budget(images=24), CPU)
    assert "000000024 is damaged: its checksum does not match" in capsys.readouterr().err
    assert checkpoint_names(run) == ["000000016", "000000024", "000000024.damaged"]
    assert weights(run, "000000024") == whole


def test_pictures_that_somebody_put_among_the_samples_are_left_alone(run, dataset):
    mine = run / "samples" / "my favourite.png"
    shutil.copy(run / "faces.png", mine)
    train(tiny_recipe(), dataset, run, Budget(images=24), CPU)
    assert mine.exists()


# Memory


class Hungry(Points):
    """A generator that asks for more memory than there is."""

    name: Literal["hungry"] = "hungry"

    @property
    def sample_shape(self):
        return (3, 32, 32)

    def generator(self):
        network = super().generator()

        def starve(*_):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")

        network.register_forward_pre_hook(starve)
        return network


def test_running_out_of_memory_names_a_batch_to_try(dataset, tmp_path):
    with pytest.raises(KaoganError, match="with a batch of 64; try --batch 32"):
        train(Recipe(model=Hungry(), batch=64), dataset, tmp_path / "run", hardware=CPU)


# Numbers that are none


class Poisoned(ImageBatches):
    """Batches of NaN where the stream reaches `at`, so many `times`."""

    at, times = 40, 1

    def __call__(self, start, count):
        x, codes = super().__call__(start, count)
        if start == type(self).at and type(self).times > 0:
            type(self).times -= 1
            return Batch(x * torch.nan, codes)
        return Batch(x, codes)


def poison(monkeypatch, at, times):
    kind = type("Poison", (Poisoned,), {"at": at, "times": times})
    monkeypatch.setattr("kaogan.training.tasks.images.ImageBatches", kind)


@pytest.mark.usefixtures("short_rows")
@pytest.mark.parametrize("times", [1, 3])
def test_nan_sets_the_run_back_to_the_last_good_checkpoint(dataset, run, monkeypatch, times):
    good = weights(run, "000000016")
    poison(monkeypatch, at=40, times=times)
    train(tiny_recipe(), dataset, run, Budget(images=64), CPU)
    said = log_text(run)
    assert said.count("going back to 16 images, with other random numbers") == times
    assert f"(attempt {times} of 3)" in said
    last = f"000000064-{times}"
    assert numbers(run, last)["attempt"] == times
    assert checkpoint_names(run)[-1] == last
    assert [row["images_seen"] for row in rows(run)] == [32, 48, 64]
    assert all(value == value for row in rows(run) for value in row.values())
    assert Run(run).sample(2).shape == (2, 32, 32, 3)
    events = [(row["event"], row["images_seen"]) for row in read_events(Run(run).events)]
    assert events.count(("rolled back", 16)) == times
    assert events[-1] == ("finished", 64)
    assert all(seen <= 16 or event in ("saved", "finished") for event, seen in events)
    if times == 1:
        assert weights(run, "000000016") == good  # nothing good was touched


@pytest.mark.usefixtures("short_rows")
@pytest.mark.parametrize("start", ["run", "new"])
def test_nan_that_always_comes_back_is_an_error_after_three_attempts(
    dataset, run, tmp_path, monkeypatch, start
):
    out = run if start == "run" else tmp_path / "new"
    back = "going back to 16 images" if start == "run" else "going back to 0 images"
    poison(monkeypatch, at=40, times=99)
    for _ in range(2):  # the same command does not start the count again
        with pytest.raises(KaoganError, match=r"3 restarts .* did not help"):
            train(tiny_recipe(), dataset, out, Budget(images=64), CPU)
        assert log_text(out).count(back) == 3
    newest = checkpoint_names(out)[-1]
    assert numbers(out, newest)["attempt"] == 3
    tensors, _ = checkpoints.read(out / "checkpoints" / newest)
    assert all(tensor.isfinite().all() for tensor in tensors.values())


def test_nan_in_the_very_last_step_is_noticed(dataset, run, monkeypatch):
    poison(monkeypatch, at=56, times=1)
    train(tiny_recipe(), dataset, run, Budget(images=64), CPU)
    assert "going back to 16 images" in log_text(run)
    assert checkpoint_names(run)[-1] == "000000064-1"


# Disks


def said_so(run: Path, words: str) -> bool:
    return (run / "log.txt").exists() and words in log_text(run)


@posix
def test_checkpoints_that_cannot_be_written_leave_the_last_good_one(dataset, run):
    good = weights(run, "000000016")
    job = PROCESSES.Process(target=_train_with_small_files, args=(dataset.path, run, len(good)))
    job.start()
    job.join(120)
    assert job.exitcode == 7
    said = log_text(run)
    assert "could not save a checkpoint: File too large. Training goes on" in said
    assert checkpoint_names(run) == ["000000016"]
    assert weights(run, "000000016") == good
    train(tiny_recipe(), dataset, run, Budget(images=40), CPU)
    assert checkpoint_names(run) == ["000000016", "000000040"]


def _train_with_small_files(data: Path, run: Path, size: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))
    torch.set_num_threads(1)
    try:
        train(tiny_recipe(), open_dataset(data), run, Budget(images=40), CPU, 0.0)
    except KaoganError as error:
        assert "after 40 images could not be saved" in str(error)  # noqa: PT017
        raise SystemExit(7) from None


@pytest.fixture
def small_disk(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_full_disk_ends_nothing_and_the_rest_is_saved_when_there_is_room(
    small_disk, dataset, tmp_path, monkeypatch
):
    monkeypatch.setattr(metrics_log, "IMAGES_PER_ROW", 16)
    full, roomy, ballast = small_disk / "run", tmp_path / "roomy", small_disk / "ballast"

    says_full = threading.Event()
    warn = RunLog.warn

    def listen(run_log, text):
        warn(run_log, text)
        if "could not save a checkpoint: No space left" in text:
            says_full.set()

    def fill_and_make_room():
        wait_until(lambda: checkpoints.found(full / "checkpoints"))
        wait_until(lambda: fill(ballast) or says_full.is_set())
        time.sleep(0.3)
        ballast.unlink()

    monkeypatch.setattr(RunLog, "warn", listen)
    filler = threading.Thread(target=fill_and_make_room)
    filler.start()
    budget = Budget(images=560)
    train(tiny_recipe(), dataset, full, budget, CPU, Watch(checkpoint_minutes=0.001))
    filler.join()
    assert says_full.is_set()
    train(tiny_recipe(), dataset, roomy, budget, CPU)
    assert weights(full, "000000560") == weights(roomy, "000000560")
    assert not list((full / "checkpoints").glob(".*"))


def wait_until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)


def fill(ballast: Path) -> None:
    with ballast.open("ab", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017
