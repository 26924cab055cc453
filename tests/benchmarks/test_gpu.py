"""The script for GPUs, as far as it goes without one."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from kaogan import recipes
from kaogan.data.avatars import draw_avatars
from kaogan.data.batches import ImageBatches
from kaogan.training.accelerate import capture_steps, cuda_graph
from kaogan.training.precision import Compute
from kaogan.training.state import TrainState
from kaogan.training.trainer import Trainer

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu.py"
ON_A_CPU = ("--device", "cpu", "--quick")


def run(*options: object) -> subprocess.CompletedProcess:
    command = [sys.executable, str(SCRIPT), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    data = tmp_path_factory.mktemp("data") / "avatars"
    draw_avatars(data, count=20, size=64, workers=1)
    done = run(*ON_A_CPU, "--data", data, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_all_checks_are_made_and_pass(report):
    names = [check["name"] for check in report["checks"]]
    for about in ("on the device", "steps are eager ones", "checkpoint", "set back", "memory"):
        assert any(about in name for name in names)
    assert all(check["passed"] for check in report["checks"])
    assert all(check["detail"] for check in report["checks"])


def test_each_contender_has_a_row_whose_numbers_agree(report):
    assert [row["name"] for row in report["rows"]] == ["plain", "plain, tuned", "kaogan, eager"]
    for row in report["rows"]:
        assert row["batch"] == 4
        assert row["images_per_second"] == pytest.approx(4 / row["step_seconds"])
        assert row["epoch_seconds"] == pytest.approx(63_632 / row["images_per_second"])
        assert row["share_of_floor"] > 0
    assert report["rows"][0]["times plain"] == 1
    assert report["rows"][1]["times plain, tuned"] == 1


def test_targets_are_compared_with_the_best_row(report):
    targets = {target["name"]: target for target in report["targets"]}
    assert len(targets) == 5
    mine = report["rows"][2]
    assert targets["at least 10 times the plain peer"]["best"] == mine["times plain"]
    assert targets["at least 0.4 of the floor"]["best"] == mine["share_of_floor"]
    for target in targets.values():
        assert target["reached"] == (target["best"] >= target["wanted"])


def tiny(seed: int, resident: bool = True) -> Trainer:
    pictures = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
    compute = Compute(torch.device("cpu"), "fp32")
    recipe = recipes.dcgan(size=32, width=4, batch=4, seed=seed)
    batches = ImageBatches(pictures, compute.device, 0, resident=resident)
    return Trainer(recipe, TrainState.fresh(recipe, compute), batches, compute)


def failed(monkeypatch, folder, eager, fast) -> list[str]:
    monkeypatch.syspath_prepend(SCRIPT.parent)
    checks = importlib.import_module("gpu_checks").checks
    return [check.name for check in checks(eager, {"fast": fast}, folder) if not check.passed]


def test_checks_find_another_game_and_pictures_that_are_elsewhere(monkeypatch, tmp_path):
    wrong = failed(monkeypatch, tmp_path, lambda _: tiny(0, resident=False), lambda _: tiny(1))
    assert "the pictures are on the device" in wrong
    assert "fast: the first 4 steps are eager ones" in wrong
    assert "fast: from a checkpoint, it goes on as if never stopped" not in wrong


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is there")
def test_checks_find_what_was_left_out(monkeypatch, tmp_path):
    def make(run_log):
        trainer = tiny(0)
        capture_steps(trainer, run_log, cuda_graph)
        return trainer

    wrong = failed(monkeypatch, tmp_path, lambda _: tiny(0), make)
    assert wrong == ["fast: nothing had to be left out"]


def test_checks_find_a_state_that_is_not_the_checkpoints(monkeypatch, tmp_path):
    made = []

    def make(run_log):
        made.append(tiny(0))
        if len(made) == 2:  # the one that is to go on
            made[1].compiled_step = lambda *dealt: made[0].train_step(*dealt)
        return made[-1]

    wrong = failed(monkeypatch, tmp_path, lambda _: tiny(0), make)
    assert wrong == ["fast: from a checkpoint, it goes on as if never stopped"]


def test_a_table_is_printed_for_people():
    done = run(*ON_A_CPU)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 5
    assert len({line.count("|") for line in table}) == 1
    assert not any(line.startswith("FAILED") for line in lines)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is there")
def test_without_a_gpu_it_says_so_in_a_line():
    done = run()
    assert done.returncode == 1
    assert done.stderr.startswith("error: there is no CUDA GPU here")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_on_a_gpu_all_checks_pass():
    done = run("--quick", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(json.loads(done.stdout)["rows"]) == 6
