"""Evaluation while training: when, what it measures, what it keeps, and what it says."""

import itertools
import json
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from toys import COMPUTE, CPU, gradients, log_text, make_dataset, tiny_recipe

from kaogan.data.batches import ImageBatches
from kaogan.data.dataset import Dataset
from kaogan.errors import UsageError
from kaogan.metrics.features import load_extractor
from kaogan.training import checkpoints, fit
from kaogan.training.background import Background
from kaogan.training.callbacks import evaluation, intervals
from kaogan.training.callbacks.evaluation import Evaluation
from kaogan.training.events import read_events
from kaogan.training.recipe import Budget, Watch
from kaogan.training.run import Run
from kaogan.training.run_log import RunLog
from kaogan.training.standing import read_floor, standing
from kaogan.training.state import TrainState
from kaogan.training.tasks.images import train
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
    assert [row["images_seen"] for row in measured] == [8, 16, 32, 64]
    figures = {"fd", "kid", "recall", "density", "coverage"}
    assert all(
        set(row) == figures | {"images_seen", "seconds", "end", "extra", "features"}
        for row in measured
    )
    assert all(0 <= row["coverage"] <= 1 and not row["end"] for row in measured)
    best = min(measured, key=lambda row: row["fd"])
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
    for images, ends in ((40, [False, False, True]), (64, [False] * 3)):
        train(tiny_recipe(), many, out, Budget(images=images), CPU, Watch(evaluate_every=64))
        assert [row["images_seen"] for row in rows(out)] == [16, 32, images]
        assert [row["end"] for row in rows(out)] == ends
    assert checkpoints.images_seen(checkpoints.found(out / "best")[-1]) in (16, 32, 64)


def test_figures_of_other_features_are_left_behind(many: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(tiny_recipe(), many, out, Budget(images=24), CPU, Watch(evaluate_every=64))
    old = [row | {"fd": -1, "features": "old"} for row in rows(out)]
    (out / "evaluation.jsonl").write_text("".join(json.dumps(row) + "\n" for row in old))
    train(tiny_recipe(), many, out, Budget(images=32), CPU, Watch(evaluate_every=64))
    assert [row["images_seen"] for row in rows(out)] == [32]
    (kept,) = checkpoints.found(out / "best")
    assert checkpoints.images_seen(kept) == 32


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

    def __init__(
        self,
        folder: Path,
        figures: list[float],
        stop_when_flat: bool = False,
        seen: int = 0,
        interval: int = 8,
        planned: int | None = None,
    ) -> None:
        recipe = tiny_recipe()
        state = TrainState.fresh(recipe, COMPUTE)
        state.images_seen = seen
        self.trainer = Trainer(
            recipe, state, ImageBatches(gradients(16), COMPUTE.device, 0), COMPUTE
        )
        self.callback = Evaluation(
            gradients(120),
            folder,
            interval,
            RunLog(folder / "log.txt"),
            [],
            stop_when_flat,
            planned=planned,
        )
        self.callback._draw = lambda generator, latent_dim, count: gradients(count)
        self.callback.start(self.trainer)
        self.figures = iter(figures)

    def train(self, monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
        monkeypatch.setattr(
            evaluation, "quick", lambda *_: {"fd": next(self.figures), "kid": 0.1, "coverage": 0.5}
        )
        for _ in range(steps):
            self.trainer.state.images_seen += 8
            self.callback.after_step(self.trainer, NOTHING)

    def save(self, folder: Path) -> None:
        """A checkpoint of the training, as it stands."""
        checkpoints.save(self.trainer.state, self.trainer.recipe, folder / "checkpoints")


def names(folder: Path) -> list[int]:
    return [checkpoints.images_seen(checkpoint) for checkpoint in checkpoints.found(folder)]


def test_the_lowest_distance_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(tmp_path, [3.0, 1.0, 2.0])
    watched.train(monkeypatch, 3)
    assert names(tmp_path / "best") == [16]
    assert watched.callback.remark == "FD 2.0 at 24  coverage 0.50"
    assert watched.callback.best["fd"] == 1.0


def test_best_is_said_of_two_or_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(tmp_path, [3.0, 1.0])
    assert watched.callback.remark == ""
    watched.train(monkeypatch, 1)
    assert watched.callback.remark.startswith("FD 3.0 at 8  ")
    watched.train(monkeypatch, 1)
    assert watched.callback.remark.startswith("FD 1.0 at 16 (best)  ")
    first, second = log_text(tmp_path).splitlines()
    assert first.endswith("evaluation after 8 images: FD 3.0, KID 0.100, coverage 0.50")
    assert "evaluation after 16 images (best so far): FD 1.0" in second


def test_the_floor_is_that_of_training_pictures(run: Path, many: Dataset) -> None:
    floor = read_floor(run / "floor.json")
    assert floor["coverage"] > 0.9
    assert floor["features"] == rows(run)[0]["features"]
    found = standing(run)
    assert found.best == min(rows(run), key=lambda row: row["fd"])
    log = log_text(run)
    assert log.count("evaluation after") == 4
    for line in found.lines:
        assert line in log
    assert log.index("done: 64 images seen in") < log.index("quality: ")


@pytest.mark.parametrize("images", [40, 96, 160, 2000, 5000, 5008])
def test_a_run_of_any_length_is_evaluated_three_times(images: int) -> None:
    """With the interval that a training has by default."""

    def at(interval: int, planned: int | None, batch: int = 8) -> list[int]:
        ends = range(batch, images + 1, batch)
        marks = [n for n in ends if intervals.thinning(interval, n - batch, n)]
        more = [n for n in ends if intervals.extra(interval, planned, n - batch, n)]
        return sorted({*marks, *more, images})

    found = at(10_000, images)
    assert len(found) >= 3
    assert len(found) <= 4
    assert at(10_000, 1_000_000) == [n for n in found if n in (2504, 5000, images)]


def test_without_a_plan_it_begins_early() -> None:
    looks = [n for n in range(8, 3000, 8) if intervals.extra(10_000, None, n - 8, n)]
    assert looks == [632, 1256]


def test_the_additional_evaluations_of_a_short_run_do_not_outlive_it(
    many: Dataset, tmp_path: Path
) -> None:
    """Prolonged, it has the rows of a run that was planned so from its beginning."""
    out, watch = tmp_path / "run", Watch(evaluate_every=320)
    train(tiny_recipe(), many, out, Budget(images=64), CPU, watch)
    assert [(row["images_seen"], row["extra"]) for row in rows(out)] == [
        (16, True),
        (32, True),
        (64, False),
    ]
    stopped = tmp_path / "stopped"
    shutil.copytree(out, stopped)
    train(tiny_recipe(), many, out, Budget(images=88), CPU, Watch(evaluate_every=320))
    assert [row["images_seen"] for row in rows(out)][-2:] == [80, 88]
    assert 32 not in [row["images_seen"] for row in rows(out)]
    train(tiny_recipe(), many, stopped, Budget(images=64), CPU, watch)  # nothing is left to do
    assert len(rows(stopped)) == 3


def test_a_better_additional_evaluation_hides_no_best_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a run of 32 images and an interval of 128: 8 and 16 are additional, 32 is not."""
    watched = Watched(tmp_path, [1.0, 2.0, 3.0], interval=128, planned=32)
    watched.train(monkeypatch, 4)
    assert [(row["images_seen"], row["extra"]) for row in rows(tmp_path)] == [
        (8, True),
        (16, True),
        (32, False),
    ]
    assert names(tmp_path / "best") == [8, 32]
    longer = Watched(tmp_path, [], seen=32, interval=128, planned=1000)
    assert longer.callback.best["images_seen"] == 32
    assert names(tmp_path / "best") == [32]


def test_the_best_of_the_last_checkpoint_stays_as_long_as_a_kill_would_go_back_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(tmp_path, [3.0, 2.0, 1.0, 0.5, 0.7])
    watched.train(monkeypatch, 1)
    watched.save(tmp_path)  # 8
    watched.train(monkeypatch, 2)
    assert names(tmp_path / "best") == [8, 24]
    watched.save(tmp_path)  # 24
    watched.train(monkeypatch, 1)
    assert names(tmp_path / "best") == [24, 32]
    # Rolled back, or killed: the abandoned best goes, and the one before it is the best one again.
    resumed = Watched(tmp_path, [0.9], seen=24)
    resumed.trainer.state.attempt = 1
    assert [row["images_seen"] for row in rows(tmp_path)] == [8, 16, 24]
    assert names(tmp_path / "best") == [24]
    resumed.train(monkeypatch, 1)
    assert [c.name for c in checkpoints.found(tmp_path / "best")][-1] == "000000032-1"
    assert resumed.callback.best["fd"] == 0.9


def test_the_state_at_an_end_is_the_best_until_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(tmp_path, [3.0, 2.0], seen=176)
    watched.train(monkeypatch, 2)
    watched.trainer.state.images_seen += 8  # between two evaluations
    watched.callback.finish(watched.trainer)
    assert names(tmp_path / "best") == [192, 200]
    assert [row["end"] for row in rows(tmp_path)] == [False, True]
    watched.callback.start(watched.trainer)
    assert names(tmp_path / "best") == [192]
    assert [row["end"] for row in rows(tmp_path)] == [False]


def test_an_evaluation_that_was_cut_off_is_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint of this very moment is there, and no row."""
    monkeypatch.setattr(evaluation, "quick", lambda *_: {"fd": 2.0, "coverage": 0.5})
    assert Watched(tmp_path, [], seen=184).callback.rows == []  # between two evaluations
    for _ in range(2):
        Watched(tmp_path, [], seen=192)
        assert [row["images_seen"] for row in rows(tmp_path)] == [192]
    assert names(tmp_path / "best") == [192]


def test_it_says_when_nothing_improves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(tmp_path, [2.0, 1.0, *[1.5] * 20])
    watched.train(monkeypatch, 7)
    assert "not improved" not in log_text(tmp_path)
    watched.train(monkeypatch, 8)
    said = log_text(tmp_path)
    assert said.count("not improved for 5 evaluations: FD was best after 16 images (1.0000)") == 1
    assert not watched.trainer.stop_requested


def test_it_stops_when_flat_if_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(tmp_path, [1.0, *[1.5] * 20], stop_when_flat=True)
    watched.train(monkeypatch, 6)
    assert not watched.trainer.stop_requested
    watched.train(monkeypatch, 1)
    assert watched.trainer.stop_requested


def test_when_it_looks_depends_on_the_images_seen_alone() -> None:
    first = list(itertools.islice(intervals.marks(10_000), 10))
    assert first == [2500, 5000, 10_000, 20_000, 30_000, 40_000, 50_000, 62_500, 78_125, 97_656]
    looks = [n for n in range(128, 1_000_000, 128) if intervals.thinning(10_000, n - 128, n)]
    assert looks[:3] == [2560, 5120, 10_112]
    assert len(looks) == 20  # and not a hundred
    assert [n for n in range(1, 9) if intervals.thinning(1, n - 1, n)] == list(range(1, 9))


def test_a_full_history_is_cut_to_where_the_run_goes_on(tmp_path: Path) -> None:
    row = {"fd": 1.0, "kid": 1.0, "coverage": 0.1, "seconds": 0.1, "end": False}
    row["features"] = load_extractor().checksum[: evaluation.NAMED]
    old = [row | {"images_seen": seen} for seen in (0, 800)]
    (tmp_path / "evaluation.jsonl").write_text("".join(json.dumps(row) + "\n" for row in old))
    watched = Watched(tmp_path, [])
    assert [row["images_seen"] for row in watched.callback.rows] == [0]
    assert len(rows(tmp_path)) == 1


class Beside(Background):
    """Computes beside the training, as on a GPU, and later than it could."""

    def __init__(self, device: torch.device | None = None) -> None:
        super().__init__(torch.device("cpu"))

    def compute(self, job: Any, then: Any = lambda result: None) -> None:
        super().compute(lambda: time.sleep(0.05) or job(), then)


def files(run: Path, pattern: str) -> dict[str, bytes]:
    return {str(file.relative_to(run)): file.read_bytes() for file in run.glob(pattern)}


def test_beside_the_training_everything_is_the_same(
    many: Dataset, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, best states, grids: whole, and stopped in between."""
    monkeypatch.setattr(fit, "Background", Beside)
    out = tmp_path / "run"
    for images in (40, 64):
        watch = Watch(evaluate_every=32)
        train(tiny_recipe(), many, out, Budget(images=images), CPU, watch)

    def figures(run: Path) -> list[dict[str, float]]:
        return [{key: row[key] for key in row if key != "seconds"} for row in rows(run)]

    def told(run: Path) -> list[tuple[Any, ...]]:
        found = [row for row in read_events(run / "events.jsonl") if row["event"] == "evaluated"]
        return [(row["images_seen"], row["fd"], row["best"]) for row in found]

    assert figures(out) == figures(run)
    assert told(out) == told(run)
    for pattern in ("best/*/state.safetensors", "checkpoints/000000064/state.safetensors"):
        assert files(out, pattern) == files(run, pattern)
        assert files(out, pattern)
    assert files(run, "samples/*").items() <= files(out, "samples/*").items()
    assert files(out, "faces.png") == files(run, "faces.png")


def test_what_is_measured_is_a_copy(tmp_path: Path) -> None:
    trainer = Watched(tmp_path, []).trainer
    kept = trainer.state.copy()
    before = {name: tensor.clone() for name, tensor in trainer.state.tensors().items()}
    trainer.step()
    assert kept.images_seen == 0
    for name, tensor in kept.tensors().items():
        assert torch.equal(tensor, before[name]), name
    now = trainer.state.tensors()
    assert any(not torch.equal(now[name], before[name]) for name in before)
