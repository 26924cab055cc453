"""benchmarks/speed.py, small; and that each variant of kaogan lacks what its name says."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from kaogan.data.batches import ImageBatches

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PICTURES = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3), np.uint8)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """The scripts can be imported, and measure convolutions anew."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    monkeypatch.setenv("KAOGAN_CACHE", str(tmp_path / "cache"))


def speed(*options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, BENCHMARKS / "speed.py", "--tiny", *options]
    return subprocess.run(map(str, command), capture_output=True, text=True, check=False)


# The whole


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    done = speed("--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_both_contenders_train_and_draw_beside_the_floor(report):
    assert set(report["contenders"]) == {"plain", "kaogan"}
    for row in report["contenders"].values():
        for figure in ("images_per_second", "share_of_floor", "drawing_images_per_second"):
            spread = row[figure]
            assert 0 < spread["low"] <= spread["median"] <= spread["high"]
        assert row["peak_memory"] > 1e7
    assert report["contenders"]["plain"]["ratio_to_plain"]["median"] == 1.0
    precision = report["contenders"]["kaogan"]["precision"]
    assert report["floor"][precision]["seconds"]["median"] > 0


@pytest.mark.slow
def test_the_table_names_who_is_missing_and_goes_on():
    done = speed("--only", "plain", "keras-fp32", "--keras-python", "no-such-python")
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert "cannot start no-such-python" in rows["keras-fp32"]
    assert "1.00 (1.00 to 1.00)" in rows["plain"]


# Variants


@pytest.fixture
def make():
    import kaogan_dcgan

    def made(variant: str):
        return kaogan_dcgan.make(variant, PICTURES, batch=4, width=4)

    return made


def test_every_variant_of_the_table_trains(make):
    import kaogan_dcgan
    import speed

    variants = {task["variant"] for _, task in speed.CONTENDERS.values() if "variant" in task}
    assert variants == {*kaogan_dcgan.HARDWARE, *kaogan_dcgan.WITHOUT}
    for variant in variants:
        trainer = make(variant)
        for _ in range(2):
            assert torch.isfinite(torch.stack(trainer.step())).all(), variant


def test_hardware_variants(make):
    assert make("fp32").compute.precision == "fp32"
    assert make("bf16").compute.precision == "bf16"
    assert make("kaogan").compute.plan.choices
    assert not make("library-convolutions").compute.plan.choices


def test_contiguous_keeps_channels_first_everywhere(make):
    trainer = make("contiguous")
    for network in trainer.state.networks.values():
        assert all(parameter.is_contiguous() for parameter in network.parameters())
    assert trainer.batches(0, 4).x.is_contiguous()
    assert not make("kaogan").batches(0, 4).x.is_contiguous()


def test_unfused_adam_is_another_path_to_the_same_weights(make):
    fused, unfused = make("fp32"), make("fp32")
    import kaogan_dcgan

    kaogan_dcgan.unfused_adam(unfused, PICTURES)
    assert not any(adam.defaults["fused"] for adam in unfused.state.optimizers.values())
    for trainer in (fused, unfused):
        trainer.step()
    pairs = zip(fused.generator.parameters(), unfused.generator.parameters(), strict=True)
    for one, other in pairs:
        torch.testing.assert_close(one, other)


def test_all_gradients_cost_operations_and_change_nothing_else(make):
    lean, wasteful = make("library-convolutions"), make("all-gradients")
    wasteful.compute.plan.choices.clear()  # the library's operations are the ones that are counted
    flops = []
    for trainer in (lean, wasteful):
        for _ in range(2):
            with FlopCounterMode(display=False) as counter:
                stats = trainer.step()
        flops.append(counter.get_total_flops())
        losses = torch.stack(stats)
    assert flops[1] > flops[0]
    torch.testing.assert_close(losses, torch.stack(stats))


def test_without_ema_the_average_stands_still(make):
    trainer = make("no-ema")
    before = [parameter.clone() for parameter in trainer.state.ema.parameters()]
    trainer.step()
    assert all(map(torch.equal, before, trainer.state.ema.parameters()))


def test_batches_that_are_not_read_ahead_are_the_same(make):
    ahead = ImageBatches(PICTURES, torch.device("cpu"), seed=0)
    needed = make("no-reading-ahead").batches
    assert len(needed) == len(ahead)
    for start in (0, 4, 8):
        assert torch.equal(needed(start, 4).x, ahead(start, 4).x)


# Peers


def test_the_plain_one_reads_pictures_as_they_are(tmp_path):
    from PIL import Image

    from kaogan.images import to_model
    from plain_dcgan import Files

    Image.fromarray(np.full((64, 64, 3), 200, np.uint8)).save(tmp_path / "a.jpg", quality=95)
    picture = Files(tmp_path)[0]
    expected = to_model(torch.full((1, 64, 64, 3), 200, dtype=torch.uint8))[0]
    torch.testing.assert_close(picture, expected, atol=0.02, rtol=0)


def test_other_networks_are_noticed():
    from worker import check_parameters

    check_parameters(64, 3_576_704, 2_765_568)
    with pytest.raises(ValueError, match="parameters"):
        check_parameters(64, 3_576_704, 2_765_569)


# Workers

SCRIPT = """
import subprocess, sys
sys.path.insert(0, {place!r})
from worker import serve

def load(task):
    print("noise on the standard output")
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    return {{"child": child.pid, **task}}, {{"double": lambda n: 2 * n, "fail": lambda n: 1 / 0}}

serve(load)
"""


@pytest.fixture
def worker(tmp_path):
    from worker import Worker

    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(place=str(BENCHMARKS)))
    made = Worker([sys.executable, str(script)], {"colour": "blue"})
    yield made
    made.end()


posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot stop a process")


def wait_for(condition) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def test_a_worker_does_as_told(worker):
    assert worker.about["colour"] == "blue"
    with worker.turn():
        answer = worker.order("double", 21)
    assert answer["result"] == 42
    assert answer["seconds"] >= 0


@posix
def test_who_has_no_turn_is_stopped_with_all_that_it_started(worker):
    child = psutil.Process(worker.about["child"])
    wait_for(lambda: child.status() == psutil.STATUS_STOPPED)
    with worker.turn():
        worker.order("double", 1)
        wait_for(lambda: child.status() != psutil.STATUS_STOPPED)
    wait_for(lambda: child.status() == psutil.STATUS_STOPPED)


@posix
def test_at_the_end_nothing_is_left(worker):
    child = worker.about["child"]
    worker.end()
    wait_for(lambda: not psutil.pid_exists(child) or _is_dead(child))


def _is_dead(pid: int) -> bool:
    return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_worker_that_dies_says_why(worker):
    from worker import Failed

    with worker.turn(), pytest.raises(Failed, match="ZeroDivisionError"):
        worker.order("fail", 0)


def test_a_library_that_is_missing(tmp_path):
    from worker import Failed, Worker

    script = tmp_path / "script.py"
    text = SCRIPT.format(place=str(BENCHMARKS))
    script.write_text(text.replace("print(", "import no_such_library; print("))
    with pytest.raises(Failed, match=r"not installed \(no_such_library\)"):
        Worker([sys.executable, str(script)], {})
