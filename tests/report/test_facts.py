"""What a report says is what the run left; what is not there is left out, and said so."""

import json
import shutil

import numpy as np
import pytest

from kaogan.data.dataset import Dataset
from kaogan.errors import KaoganError
from kaogan.report.facts import gather
from kaogan.report.reproduce import commands
from kaogan.training.run import Run


@pytest.fixture
def copy(run, tmp_path):
    """The run, to take things from."""
    return Run(shutil.copytree(run.path, tmp_path / "copy"))


def parts(facts) -> set[str]:
    return {one.part for one in facts.missing}


def test_the_facts_of_a_run_are_those_on_the_disk(run, dataset):
    facts = gather(run)
    training = facts.training
    assert facts.recipe == run.recipe
    assert facts.missing == ()
    assert (training.images, training.end, training.attempt) == (1600, "done", 0)
    assert training.seconds == run.read("newest")[1]["seconds"]
    assert training.speed == pytest.approx(1600 / training.seconds)
    assert training.hardware == (("cpu", "fp32"),)
    assert [(e.kind, e.images) for e in training.events if e.kind != "warned"] == [
        ("started", 0),
        ("finished", 1008),
        ("resumed", 1008),
        ("finished", 1600),
    ]
    assert facts.epochs == pytest.approx(1600 / len(dataset))
    assert [row["images_seen"] for row in training.evaluations] == [1000, 1600]
    assert training.best["fd"] == min(row["fd"] for row in training.evaluations)


def test_the_data_is_described_with_what_was_left_out(run, dataset):
    data = gather(run).data
    assert data.count == len(dataset.train)
    assert data.fingerprint == dataset.fingerprint
    assert data.rejected == {"truncated or damaged": 1}
    assert data.side == (32, 32, 32)


def test_the_layers_are_those_of_the_networks(run):
    generator, discriminator = gather(run).players
    networks = run.recipe.model
    for player, network in (
        (generator, networks.generator()),
        (discriminator, networks.discriminator()),
    ):
        count = sum(p.numel() for p in network.parameters())
        assert player.parameters == count == sum(row["parameters"] for row in player.rows)
    assert generator.rows[-1]["shape"] == [3, 32, 32]
    assert discriminator.rows[-1]["shape"] == [1, 1, 1]


def test_without_its_data_set_a_run_is_still_described(copy):
    about = json.loads((copy.path / "run.json").read_text())
    about["dataset"] |= {"path": "/nowhere/faces", "absolute_path": "/nowhere/faces"}
    (copy.path / "run.json").write_text(json.dumps(about))
    facts = gather(copy)
    assert facts.dataset is None
    assert (facts.data.name, facts.data.summary) == ("faces", None)
    assert "the training pictures, and what depends on them" in parts(facts)
    assert facts.drawn is not None


def test_a_data_set_that_was_moved_is_found_where_it_is_said_to_be(copy, dataset, tmp_path):
    moved = shutil.copytree(dataset.path, tmp_path / "moved")
    about = json.loads((copy.path / "run.json").read_text())
    about["dataset"] |= {"path": "/nowhere/faces", "absolute_path": "/nowhere/faces"}
    (copy.path / "run.json").write_text(json.dumps(about))
    found = gather(copy, moved)
    assert found.dataset is not None
    assert found.dataset.path == moved
    assert found.missing == ()


def test_a_data_set_that_has_changed_is_not_shown(copy):
    about = json.loads((copy.path / "run.json").read_text())
    about["dataset"]["fingerprint"] = "0" * 64
    (copy.path / "run.json").write_text(json.dumps(about))
    facts = gather(copy)
    assert facts.dataset is None
    assert "another one now" in facts.missing[0].why


def test_a_run_that_was_cut_off_before_its_first_checkpoint(copy):
    for name in ("checkpoints", "best", "samples"):
        shutil.rmtree(copy.path / name)
    (copy.path / "evaluation.jsonl").unlink()
    copy.events.write_text(copy.events.read_text().splitlines(keepends=True)[0])
    facts = gather(copy)
    assert facts.training.end == "cut off"
    assert facts.training.images == 1600  # the curves tell
    assert facts.training.seconds is None
    assert facts.drawn is None
    assert facts.frames == ()
    assert {"how long it took", "quality over the training", "samples through time"} <= parts(facts)


def test_a_run_that_was_stopped_says_so(copy):
    rows = copy.events.read_text().splitlines()
    finished = json.loads(rows[-1])
    assert (finished["event"], finished["reason"]) == ("finished", "done")
    rows[-1] = json.dumps(finished | {"reason": "stopped", "text": "stopped after 1,600 images"})
    copy.events.write_text("\n".join(rows))
    assert gather(copy).training.end == "stopped"


def test_a_run_of_a_time_before_events_tells_less(copy):
    copy.events.unlink()
    training = gather(copy).training
    assert [event.kind for event in training.events if event.kind != "warned"] == [
        "started",
        "resumed",
    ]
    assert (training.end, training.hardware) == ("done", ())
    with (copy.path / "log.txt").open("a") as log:
        log.write("2030-01-01T00:00:00+00:00 stopped after 1,600 images, everything is saved\n")
    assert gather(copy).training.end == "stopped"


def test_the_networks_that_a_run_began_with_are_named(copy):
    """In the facts, in the report, and in the command that makes the run again."""
    assert gather(copy).training.start is None
    about = json.loads((copy.path / "run.json").read_text())
    (copy.path / "run.json").write_text(json.dumps(about | {"start": {"from": "earlier run"}}))
    facts = gather(copy)
    assert facts.training.start == "earlier run"
    assert any("--from 'earlier run'" in line for line in commands(facts))


def test_a_run_of_points_has_scores_and_no_pictures(toy_run):
    facts = gather(toy_run)
    assert facts.is_toy
    assert facts.unit == "points"
    assert facts.scores["images_seen"] == facts.training.images == 1008
    assert facts.drawn is None
    assert facts.training.end == "done"
    assert len(facts.players) == 2


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(KaoganError, match="is no run"):
        gather(Run(tmp_path))


def test_pictures_of_the_data_set_stay_unread(run, dataset):
    found = gather(run).dataset
    assert isinstance(found, Dataset)
    assert isinstance(found.train, np.memmap)
