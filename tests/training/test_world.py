"""Several processes that train together play the game of one. They are on the CPU, with Gloo."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file
from together import GAMES, IMAGES, PLAIN, RECIPE, play, second_slopes
from toys import (
    KILL,
    log_text,
    make_dataset,
    numbers,
    rows,
    tiny_recipe,
    wait_for,
    weights,
)

from kaogan.errors import UsageError
from kaogan.training import checkpoints
from kaogan.training.compatibility import check_parts
from kaogan.training.recipe import Budget
from kaogan.training.run import Run
from kaogan.training.tasks.images import train
from kaogan.training.world import World, buckets

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Gloo and signals are tested on POSIX")

SOURCE = Path(__file__).parents[2] / "src"
LAST = f"{IMAGES:09d}"


def start(*command: object, **options) -> subprocess.Popen:
    """Start a program in this process's Python, with kaogan."""
    path = os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path}
    words = [sys.executable, "-m", *map(str, command)]
    pipe = subprocess.PIPE
    return subprocess.Popen(words, env=environment, stderr=pipe, stdout=pipe, text=True, **options)


torchrun = partial(start, "torch.distributed.run", "--standalone")


def finished(process: subprocess.Popen, status: int = 0) -> tuple[str, str]:
    said, complained = process.communicate(timeout=300)
    assert process.returncode == status, complained
    return said, complained


def play_together(folder: Path, processes: int) -> Path:
    """Run `together.py`, which leaves its results in the folder."""
    make_dataset(folder / "data", count=1200)
    script = Path(__file__).parent / "together.py"
    _, complained = finished(torchrun("--nproc-per-node", processes, script, folder))
    (folder / "said").write_text(complained)
    return folder


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> Path:
    return play_together(tmp_path_factory.mktemp("two"), 2)


def assert_same_game(folder: Path, name: str) -> None:
    alone, together = play(name, World()), load_file(folder / f"{name}.safetensors")
    assert alone.keys() == together.keys()
    for key in alone:
        # Adam's moments and the losses are larger than weights, and so are their differences.
        nearly = 1e-8 if key == "stats" or key.startswith("adam.") else 1e-10
        if key == "unlogged":  # sums in float32
            nearly = 1e-4
        torch.testing.assert_close(together[key], alone[key], rtol=0, atol=nearly, msg=key)


@pytest.mark.parametrize("name", GAMES)
def test_two_processes_play_the_game_of_one(two, name):
    assert_same_game(two, name)


@pytest.mark.slow
def test_four_processes_play_the_game_of_one(tmp_path):
    folder = play_together(tmp_path, 4)
    assert_same_game(folder, "standard")


def test_processes_agree(two):
    outcome = json.loads((two / "outcome.json").read_text())
    assert outcome["size"] == 2
    assert outcome["any"] == [False, True]
    assert (outcome["shared"], outcome["empty"]) == ("äé 0", "")
    assert outcome["whole"] == list(range(8))


def test_processes_that_train_different_things_end_before_anything_is_written(two):
    outcome = json.loads((two / "outcome.json").read_text())
    assert "the processes differ in recipe or data" in outcome["disagreement"]
    assert not (two / "none").exists()


def test_synchronised_batch_norm_has_second_derivatives(two):
    outcome = json.loads((two / "outcome.json").read_text())
    assert outcome["second"] == pytest.approx(second_slopes(World()), rel=1e-12)


def test_the_first_process_alone_speaks_and_writes(two):
    said = (two / "said").read_text()
    assert said.count("starting with 0 images seen: ") == 4  # of four trainings
    assert said.count("2 processes, each on cpu in fp32") == 4
    assert log_text(two / "whole").count("starting with 0 images seen: ") == 1
    assert checkpoints.found(two / "whole" / "checkpoints")[-1].name == LAST
    seen = [row["images_seen"] for row in rows(two / "whole")]
    assert seen == sorted(set(seen))


def test_all_return_to_a_checkpoint_after_nan_in_one(two):
    text = log_text(two / "diverging")
    assert "became NaN or infinite" in text
    assert "attempt 1 of 3" in text
    assert numbers(two / "diverging", f"{LAST}-1")["attempt"] == 1


def test_all_stop_when_one_gets_a_signal(two):
    assert "stopped after 64 images, everything is saved" in log_text(two / "interrupted")
    assert numbers(two / "interrupted", "000000064")["images_seen"] == 64


def test_all_stop_when_the_time_is_over(two):
    assert "done: " in log_text(two / "timed")


def test_one_process_goes_on_with_the_run_of_two(two):
    run = two / "interrupted"
    dataset = Run(two / "whole").dataset()
    train(RECIPE, dataset, run, Budget(images=128), PLAIN)
    assert numbers(run, "000000128")["images_seen"] == 128


def command(two: Path, run: Path, images: int) -> list[object]:
    """`kaogan train` with the recipe of the other trainings."""
    recipe = two / "recipe.json"
    recipe.write_text(RECIPE.model_dump_json())
    words = ["kaogan", "train", two / "data", "--out", run, "--config", recipe, "--images", images]
    return [*words, "--device", "cpu", "--precision", "fp32", "--no-tune", "--evaluate-every", 0]


def test_the_command_starts_processes_that_go_on_with_the_run_of_one(two, tmp_path):
    run, words = tmp_path / "run", command(two, tmp_path / "run", 128)
    train(RECIPE, Run(two / "whole").dataset(), run, Budget(images=64), PLAIN)
    said, complained = finished(start(*words, "--processes", 2, "--json"))
    assert json.loads(said)["images_seen"] == 128
    assert "going on after 64 images seen" in complained
    assert "2 processes, each on cpu" in complained
    assert "W1" not in complained


@pytest.mark.slow
def test_processes_come_back_from_the_newest_checkpoint_and_end_as_if_undisturbed(two, tmp_path):
    run = tmp_path / "run"
    words = [*command(two, run, IMAGES), "--checkpoint-minutes", 1e-6]
    job = torchrun("--nproc-per-node", 2, "--max-restarts", 3, "-m", *words)
    wait_for(lambda: len(checkpoints.found(run / "checkpoints")) > 2)
    (victim,) = (
        each for each in psutil.Process(job.pid).children() if each.environ().get("RANK") == "1"
    )
    os.kill(victim.pid, KILL)
    _, complained = finished(job)
    killed = "error: rank 1 of 2 processes ended without a word (killed, out of memory,"
    assert complained.count("error: ") == complained.count(killed) == 1
    assert "going on after" in complained
    assert weights(run, LAST) == weights(two / "whole", LAST)
    assert rows(run) == rows(two / "whole")


def test_a_mistake_is_told_once(tmp_path):
    make_dataset(tmp_path / "data")
    job = start("kaogan", "train", tmp_path / "data", "--processes", 2, "--batch", 10)
    said, complained = finished(job, UsageError.exit_status)
    assert said == ""
    assert complained == (
        "error: a batch of 10 cannot be divided among 2 processes in equal parts of groups of 4; "
        "use --batch 8, or another number of processes\n"
    )


@pytest.mark.parametrize(
    ("batch", "processes", "advice"),
    [(16, 3, "use --batch 15,"), (10, 4, "use --batch 8,"), (2, 16, "use --batch 16,")],
)
def test_a_batch_is_divided_in_equal_parts(batch, processes, advice):
    with pytest.raises(UsageError, match=advice):
        check_parts(tiny_recipe(batch=batch), processes)
    check_parts(tiny_recipe(batch=48), processes)


def test_buckets_hold_every_tensor_once_in_order():
    tensors = [torch.zeros(n) for n in (3, 4, 20, 1, 2)] + [torch.zeros(1, dtype=torch.float64)]
    made = list(buckets(tensors, most=8))
    assert [[len(each) for each in bucket] for bucket in made] == [[3, 4], [20], [1, 2], [1]]
    assert [id(each) for bucket in made for each in bucket] == [*map(id, tensors)]
