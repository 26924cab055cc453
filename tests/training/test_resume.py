"""A run that was stopped, anyhow, ends as one that never was: bit for bit, on the CPU."""

import json
import os
import random
import shutil
import signal
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toys import (
    COMPUTE,
    CPU,
    KILL,
    MODERN,
    checkpoint_names,
    kill,
    log_text,
    make_dataset,
    make_trainer,
    numbers,
    rows,
    same,
    snapshot,
    tiny_recipe,
    train_in_process,
    wait_for,
    weights,
)

from kaogan.data.batches import ImageBatches
from kaogan.errors import KaoganError
from kaogan.training import checkpoints
from kaogan.training.events import read_events
from kaogan.training.recipe import Budget, Watch
from kaogan.training.run import Run
from kaogan.training.state import TrainState
from kaogan.training.tasks.images import train

RECIPE = tiny_recipe(batch=70)
IMAGES = 1120  # sixteen steps: a row of the log at 1,000, and a last one cut short
LAST = "000001120"
posix = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")


@pytest.fixture(scope="module")
def whole(dataset, tmp_path_factory):
    """The run that was never stopped."""
    path = tmp_path_factory.mktemp("whole") / "run"
    train(RECIPE, dataset, path, Budget(images=IMAGES), CPU)
    return path


def assert_same_run(run, whole):
    assert weights(run, LAST) == weights(whole, LAST)
    assert rows(run) == rows(whole)
    volatile = {"seconds": 0, "seal": ""}
    assert numbers(run, LAST) | volatile == numbers(whole, LAST) | volatile


def steps(dataset, folder, pieces, **options):
    """Play the pieces, each with new objects restored from the disk."""
    recipe = tiny_recipe(batch=4, **options)
    trainer = None
    for piece in pieces:
        trainer = make_trainer(recipe, ImageBatches(dataset.train, COMPUTE.device, 0))
        checkpoints.restore_newest(trainer.state, folder, pytest.fail)
        for _ in range(piece):
            trainer.step()
        checkpoints.save(trainer.state, recipe, folder)
    (newest,) = checkpoints.found(folder)[-1:]
    return (newest / "state.safetensors").read_bytes(), snapshot(trainer.state)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"norm": "spectral", "loss": "wasserstein", "penalties": {"gradient-penalty": 1.0}},
        {"norm": "none", "loss": "relativistic", "penalties": {"r1": 1.0}, "packing": 2},
        MODERN,
    ],
)
@settings(max_examples=4)
@given(pieces=st.lists(st.integers(1, 6), min_size=2, max_size=3))
def test_steps_at_once_and_in_pieces_give_the_same_bits(dataset, tmp_path_factory, options, pieces):
    once, state = steps(dataset, tmp_path_factory.mktemp("once"), [sum(pieces)], **options)
    parts, resumed = steps(dataset, tmp_path_factory.mktemp("parts"), pieces, **options)
    assert once == parts
    raw = {key for key in state if "running_" in key or "num_batches" in key}
    raw = {key for key in raw if not key.startswith("discriminator")}  # estimated when saving
    assert same(
        {key: state[key] for key in state.keys() - raw},
        {key: resumed[key] for key in resumed.keys() - raw},
    )


@pytest.mark.parametrize("stop", [70, 490, 1050])
def test_a_training_in_two_sittings_is_the_same_run(dataset, whole, tmp_path, stop):
    for images in (stop, IMAGES):
        train(RECIPE, dataset, tmp_path / "run", Budget(images=images), CPU)
    assert_same_run(tmp_path / "run", whole)
    told = [(row["event"], row["images_seen"]) for row in read_events(Run(tmp_path / "run").events)]
    assert [row for row in told if row[0] != "warned"] == [
        ("started", 0),
        ("saved", stop),
        ("finished", stop),
        ("resumed", stop),
        ("saved", IMAGES),
        ("finished", IMAGES),
    ]


def test_hardware_and_saving_more_often_are_no_part_of_the_run(dataset, whole, tmp_path):
    hardware = CPU.model_copy(update={"workers": 3})
    budget = Budget(images=IMAGES)
    train(RECIPE, dataset, tmp_path / "run", budget, hardware, Watch(checkpoint_minutes=0.003))
    assert_same_run(tmp_path / "run", whole)


def test_a_finished_training_is_left_as_it_is(dataset, whole, capsys):
    before = weights(whole, LAST), rows(whole), checkpoint_names(whole)
    train(RECIPE, dataset, whole, Budget(images=IMAGES), CPU)
    assert (weights(whole, LAST), rows(whole), checkpoint_names(whole)) == before
    assert "the budget is used up already" in capsys.readouterr().err


@posix
@pytest.mark.parametrize("saving_every", [0.0, 0.3])
def test_a_training_killed_at_random_moments_is_the_same_run(
    dataset, whole, tmp_path, saving_every
):
    run, moments = tmp_path / "run", random.Random(saving_every)
    for attempt in range(3):
        job = train_in_process(dataset.path, run, IMAGES, saving_every, RECIPE)
        before = len(log_text(run)) if attempt else 0
        wait_for(lambda b=before: (run / "log.txt").exists() and len(log_text(run)) > b, job)
        time.sleep(moments.uniform(0, 0.7))  # with 0.0, mostly in the middle of saving
        kill(job)
    # The dead process's lock is free, and whatever is on the disk can be read.
    if checkpoints.found(run / "checkpoints"):
        checkpoints.restore_newest(
            TrainState.fresh(RECIPE, COMPUTE), run / "checkpoints", pytest.fail
        )
    train(RECIPE, dataset, run, Budget(images=IMAGES), CPU)
    assert_same_run(run, whole)
    assert not list((run / "checkpoints").glob(".*"))


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_training_after_the_step_with_everything_saved(
    dataset, whole, tmp_path, number
):
    run = tmp_path / "run"
    job = train_in_process(dataset.path, run, 10**9, 0.0, RECIPE)
    wait_for(lambda: checkpoints.found(run / "checkpoints"), job)
    kill(job, number)
    assert job.exitcode == 0
    said = (tmp_path / "run.err").read_text()
    assert "stopping: finishing this step and saving" in said
    assert "everything is saved; the same command goes on from here" in said
    assert "Traceback" not in said
    if numbers(run, checkpoint_names(run)[-1])["images_seen"] <= IMAGES:
        train(RECIPE, dataset, run, Budget(images=IMAGES), CPU)
        assert_same_run(run, whole)


@posix
def test_a_second_training_on_a_run_is_refused_until_the_first_is_dead(dataset, tmp_path):
    run = tmp_path / "run"
    job = train_in_process(dataset.path, run, 10**9, 0.0, RECIPE)
    wait_for(lambda: checkpoints.found(run / "checkpoints"), job)
    with pytest.raises(KaoganError, match="another training is at work"):
        train(RECIPE, dataset, run, Budget(images=70), CPU)
    assert job.is_alive()
    kill(job)
    train(RECIPE, dataset, run, Budget(images=70), CPU)  # the budget is used up already


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A data set with more than a hundred held-out pictures: runs are evaluated."""
    return make_dataset(tmp_path_factory.mktemp("data") / "many", count=1300)


EVALUATED = Watch(checkpoint_minutes=1e-7, evaluate_every=280)  # at 70, 140, 280, 560, 840, 1,120
LONGER = 1260  # two steps beyond the last evaluation of the schedule


@pytest.fixture(scope="module")
def evaluated(many, tmp_path_factory):
    """A whole run, evaluated on the way and at its end."""
    path = tmp_path_factory.mktemp("evaluated") / "run"
    train(RECIPE, many, path, Budget(images=LONGER), CPU, EVALUATED)
    return path


def test_a_training_killed_after_its_last_step_is_evaluated_and_drawn(many, evaluated, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(evaluated, run)
    events = (run / "events.jsonl").read_text().splitlines(keepends=True)
    (last,) = [i for i, row in enumerate(events) if '"end": true' in row]
    (run / "events.jsonl").write_text("".join(events[:last]))  # as a kill leaves it
    scores = (run / "evaluation.jsonl").read_text().splitlines(keepends=True)
    (run / "evaluation.jsonl").write_text("".join(scores[:-1]))
    (run / "faces.png").unlink()
    train(RECIPE, many, run, Budget(images=LONGER), CPU, EVALUATED)

    assert (run / "faces.png").read_bytes() == (evaluated / "faces.png").read_bytes()
    again, before = (
        [row | {"seconds": 0} for row in read_events(folder / "evaluation.jsonl")]
        for folder in (run, evaluated)
    )
    assert again == before
    assert weights(run, f"{LONGER:09d}") == weights(evaluated, f"{LONGER:09d}")
    assert read_events(run / "events.jsonl")[-1]["event"] == "finished"


def evaluations(run):
    measured = [json.loads(line) for line in (run / "evaluation.jsonl").read_text().splitlines()]
    return [row | {"seconds": 0} for row in measured]


def assert_same_evaluations(run, whole):
    assert evaluations(run) == evaluations(whole)
    best, same_best = (
        {
            kept.name: (kept / "state.safetensors").read_bytes()
            for kept in checkpoints.found(path / "best")
        }
        for path in (run, whole)
    )
    assert best == same_best
    assert np.array_equal(Run(run).sample(4), Run(whole).sample(4))


def test_evaluations_happen_where_the_schedule_says_and_at_the_end(evaluated):
    seen = [row["images_seen"] for row in evaluations(evaluated)]
    assert seen == [70, 140, 280, 560, 840, 1120, LONGER]
    assert [row["end"] for row in evaluations(evaluated)] == [False] * 6 + [True]


@posix
@pytest.mark.parametrize("ending", [KILL, signal.SIGTERM])
def test_a_run_that_was_killed_draws_the_same_faces_as_one_that_never_was(
    many, evaluated, tmp_path, ending
):
    run, moments = tmp_path / "run", random.Random(ending)
    for attempt in range(2):
        job = train_in_process(many.path, run, LONGER, 0.0, RECIPE, EVALUATED.evaluate_every)
        wait_for(lambda n=attempt + 1: (run / "log.txt").exists() and len(starts(run)) == n, job)
        time.sleep(moments.uniform(0.5, 2))
        kill(job, ending)
    train(RECIPE, many, run, Budget(images=LONGER), CPU, EVALUATED)
    assert_same_evaluations(run, evaluated)


def starts(run):
    return [line for line in log_text(run).splitlines() if " images seen: " in line]


def test_evaluations_of_steps_that_were_lost_are_made_anew(many, evaluated, tmp_path):
    """Killed after evaluations and before the next checkpoint."""
    run = tmp_path / "run"
    train(RECIPE, many, run, Budget(images=350), CPU, EVALUATED)
    for lost in ("000000350", "000000280", "000000210"):
        shutil.rmtree(run / "checkpoints" / lost, ignore_errors=True)
    earlier = tmp_path / "earlier"  # the checkpoint that was the newest one when it was killed
    train(RECIPE, many, earlier, Budget(images=210), CPU, EVALUATED)
    shutil.copytree(earlier / "checkpoints", run / "checkpoints", dirs_exist_ok=True)
    assert evaluations(run)[-1]["images_seen"] == 350
    train(RECIPE, many, run, Budget(images=LONGER), CPU, EVALUATED)
    assert_same_evaluations(run, evaluated)


@pytest.mark.parametrize("stop", [140, 490])
def test_the_end_of_a_sitting_leaves_no_trace(many, evaluated, tmp_path, stop):
    run = tmp_path / "run"
    train(RECIPE, many, run, Budget(images=stop), CPU, EVALUATED)
    train(RECIPE, many, run, Budget(images=LONGER), CPU, EVALUATED)
    assert_same_evaluations(run, evaluated)


def test_a_best_state_without_a_checkpoint_does_not_outlive_its_recipe(many, tmp_path):
    """Killed after an evaluation and before the first checkpoint; started with another seed."""
    run = tmp_path / "run"
    train(RECIPE, many, run, Budget(images=140), CPU, EVALUATED)
    shutil.rmtree(run / "checkpoints")
    assert checkpoints.found(run / "best")
    other = RECIPE.model_copy(update={"seed": 1})
    train(other, many, run, Budget(images=70), CPU, Watch(evaluate_every=0))
    _, about = Run(run).read()
    assert checkpoints.recipe_of(about) == Run(run).recipe == other
    assert evaluations(run) == []
