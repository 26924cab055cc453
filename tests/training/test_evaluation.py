"""Evaluation while training: what it measures, what it keeps, what it says, and what it costs."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from toys import COMPUTE, CPU, gradients, log_text, make_dataset, tiny_recipe

from kaogan.data.batches import ImageBatches
from kaogan.data.dataset import Dataset
from kaogan.errors import UsageError
from kaogan.metrics.features import load_extractor
from kaogan.training import checkpoints
from kaogan.training.journal import Journal
from kaogan.training.observers import evaluation
from kaogan.training.observers.evaluation import Evaluation
from kaogan.training.recipe import Budget, Watch
from kaogan.training.run import Run
from kaogan.training.state import TrainState
from kaogan.training.train import train
from kaogan.training.trainer import StepStats, Trainer

NOTHING = StepStats(*torch.zeros(4))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A data set with more than a hundred held-out pictures."""
    return make_dataset(tmp_path_factory.mktemp("data") / "many", count=1300)


def rows(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "evaluation.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def run(many: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "run"
    train(tiny_recipe(), many, out, Budget(images=64), CPU, Watch(evaluate_every=32))
    return out


def test_rows_best_and_tensorboard(run: Path) -> None:
    measured = rows(run)
    assert measured[0]["images_seen"] == 32
    assert measured[-1]["images_seen"] == 64  # the end is always measured
    keys = {"images_seen", "kid", "density", "coverage", "seconds", "features"}
    assert all(set(row) == keys for row in measured)
    assert all(0 <= row["coverage"] <= 1 for row in measured)
    best = min(measured, key=lambda row: row["kid"])
    (kept,) = checkpoints.found(run / "best")
    assert checkpoints.images_seen(kept) == best["images_seen"]


def test_the_best_is_drawn_from_unless_told(run: Path) -> None:
    (kept,) = checkpoints.found(run / "best")
    seen = str(checkpoints.images_seen(kept))
    opened = Run(run)
    assert np.array_equal(opened.sample(4), opened.sample(4, checkpoint="best"))
    assert np.array_equal(opened.sample(4), opened.sample(4, checkpoint=seen))
    assert np.array_equal(opened.sample(4, checkpoint="newest"), opened.sample(4, checkpoint="64"))
    assert opened.read("newest")[1]["images_seen"] == 64
    with pytest.raises(UsageError, match=r"no checkpoint 7; it has .*64, newest, best"):
        opened.sample(4, checkpoint="7")


def test_it_goes_on_after_a_stop(many: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "run"
    for images in (32, 64):
        train(tiny_recipe(), many, out, Budget(images=images), CPU, Watch(evaluate_every=32))
    assert [row["images_seen"] for row in rows(out)] == [32, 64]


def test_figures_of_other_features_are_left_behind(many: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(tiny_recipe(), many, out, Budget(images=32), CPU, Watch(evaluate_every=32))
    (old,) = rows(out)
    (out / "evaluation.jsonl").write_text(json.dumps(old | {"kid": -1, "features": "old"}) + "\n")
    train(tiny_recipe(), many, out, Budget(images=64), CPU, Watch(evaluate_every=32))
    assert [row["images_seen"] for row in rows(out)] == [64]
    (kept,) = checkpoints.found(out / "best")
    assert checkpoints.images_seen(kept) == 64


def test_it_does_not_change_the_game(many: Dataset, run: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    train(tiny_recipe(), many, plain, Budget(images=64), CPU, Watch(evaluate_every=0))
    assert not (plain / "evaluation.jsonl").exists()
    assert not (plain / "best").exists()
    left, right = (Run(path).sample(4, checkpoint="newest") for path in (plain, run))
    assert np.array_equal(left, right)


def test_few_held_out_pictures_are_no_measure(dataset: Dataset, tmp_path: Path) -> None:
    train(tiny_recipe(), dataset, tmp_path / "run", Budget(images=32), CPU, Watch(evaluate_every=8))
    assert not (tmp_path / "run" / "evaluation.jsonl").exists()
    with pytest.raises(UsageError, match="no checkpoint best"):
        Run(tmp_path / "run").sample(1, checkpoint="best")


class Watched:
    """An Evaluation whose figures are given, in a trainer that only counts."""

    def __init__(self, folder: Path, kids: list[float], stop_when_flat: bool = False) -> None:
        recipe = tiny_recipe()
        state = TrainState.fresh(recipe, COMPUTE)
        self.trainer = Trainer(
            recipe, state, ImageBatches(gradients(16), COMPUTE.device, 0), COMPUTE
        )
        self.observer = Evaluation(
            gradients(120), folder, 8, Journal(folder / "log.txt"), [], stop_when_flat
        )
        self.observer._draw = lambda trainer, count: gradients(count)
        self.observer.start(self.trainer)
        self.kids = iter(kids)

    def play(self, monkeypatch: pytest.MonkeyPatch, rounds: int, seconds: float = 1e6) -> None:
        monkeypatch.setattr(
            evaluation, "quick", lambda *_: {"kid": next(self.kids), "coverage": 0.5}
        )
        for _ in range(rounds):
            self.trainer.state.images_seen += 8
            self.trainer.state.seconds += seconds
            self.observer.after_step(self.trainer, NOTHING)


def test_the_lowest_kid_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(tmp_path, [3.0, 1.0, 2.0])
    watched.play(monkeypatch, 3)
    assert [c.name for c in checkpoints.found(tmp_path / "best")] == ["000000016"]
    assert watched.observer.remark == "KID 2.0000 coverage 0.50"
    assert watched.observer.best["kid"] == 1.0


def test_it_says_when_nothing_improves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(tmp_path, [2.0, 1.0, *[1.5] * 20])
    watched.play(monkeypatch, 9)
    assert not (tmp_path / "log.txt").exists()
    watched.play(monkeypatch, 6)
    said = log_text(tmp_path)
    assert said.count("not improved for 8 evaluations: KID was best after 16 images (1.0000)") == 1
    assert not watched.trainer.stop_requested


def test_it_stops_when_flat_if_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(tmp_path, [1.0, *[1.5] * 20], stop_when_flat=True)
    watched.play(monkeypatch, 8)
    assert not watched.trainer.stop_requested
    watched.play(monkeypatch, 1)
    assert watched.trainer.stop_requested


def test_it_waits_when_it_would_cost_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(tmp_path, [3.0, 2.0, 1.0])
    watched.play(monkeypatch, 5, seconds=0.0)
    assert len(watched.observer.rows) == 1  # the first one is free, the others are not
    spent = watched.observer.rows[0]["seconds"]
    watched.play(monkeypatch, 1, seconds=spent * 2 / evaluation.SHARE_OF_TIME + 1)
    assert len(watched.observer.rows) == 2


def test_a_full_history_is_cut_to_where_the_run_goes_on(tmp_path: Path) -> None:
    row = {"kid": 1.0, "coverage": 0.1, "seconds": 0.1}
    row["features"] = load_extractor().checksum[: evaluation.NAMED]
    old = [row | {"images_seen": seen} for seen in (0, 800)]
    (tmp_path / "evaluation.jsonl").write_text("".join(json.dumps(row) + "\n" for row in old))
    watched = Watched(tmp_path, [])
    assert [row["images_seen"] for row in watched.observer.rows] == [0]
    assert len(rows(tmp_path)) == 1
