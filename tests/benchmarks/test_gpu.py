"""The script for GPUs, as far as it goes without one."""

import importlib
import importlib.metadata
import json
import os
import runpy
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from kaogan import recipes
from kaogan.data.avatars import draw_avatars
from kaogan.data.batches import ImageBatches
from kaogan.training.accelerate import capture_steps, cuda_graph
from kaogan.training.precision import Compute
from kaogan.training.state import TrainState
from kaogan.training.trainer import Callback, Trainer

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
ON_A_CPU = ("--device", "cpu", "--quick")


@pytest.fixture(autouse=True)
def place(monkeypatch):
    """The parts of the script can be imported."""
    monkeypatch.syspath_prepend(BENCHMARKS)


def gpu(*options: object, python: object = sys.executable, **more) -> subprocess.CompletedProcess:
    command = [str(python), str(BENCHMARKS / "gpu.py"), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, **more)


def read(file: Path) -> dict[str, list[dict]]:
    """The lines of a run by their kinds."""
    found: dict[str, list[dict]] = {}
    for text in file.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        found.setdefault(line["kind"], []).append(line)
    return found


# The whole


@pytest.fixture(scope="module")
def avatars(tmp_path_factory):
    data = tmp_path_factory.mktemp("data") / "avatars"
    draw_avatars(data, count=20, size=64, workers=1)
    return data


@pytest.fixture(scope="module")
def out(avatars, tmp_path_factory):
    """The lines of a real run, with one contender that cannot work on a CPU."""
    out = tmp_path_factory.mktemp("gpu") / "run.jsonl"
    only = ("--only", "example", "example-tuned", "eager", "recorded", "--recipe", "standard")
    done = gpu(*ON_A_CPU, *only, "--data", avatars, "--out", out)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: 1 checks or contenders failed; see ")
    assert "Traceback" not in done.stderr
    return out


@pytest.fixture(scope="module")
def lines(out):
    return read(out)


def test_all_checks_are_made_and_pass(lines):
    names = [check["name"] for check in lines["check"]]
    for about in ("on the device", "steps are eager ones", "checkpoint", "set back", "memory"):
        assert any(about in name for name in names)
    assert all(check["passed"] for check in lines["check"])
    assert all(check["detail"] for check in lines["check"])


def test_all_take_turns_in_every_round(lines):
    turns = [(turn["round"], turn["contender"], turn["batch"]) for turn in lines["turn"]]
    names = ("example", "example-tuned", "eager")
    assert turns == [(number, name, 4) for number in (1, 2) for name in names]
    assert all(turn["seconds"] > 0 and turn["steps"] % 4 == 0 for turn in lines["turn"])
    assert [line["contender"] for line in lines["host"]] == list(names)


def test_who_cannot_take_part_says_why_with_the_whole_chain(lines):
    (failure,) = lines["failure"]
    assert (failure["contender"], failure["order"]) == ("recorded", "build")
    assert "cannot be recorded as a graph" in failure["why"]
    assert failure["said"].count("Traceback") >= 2


def test_the_profiler_has_rows_and_on_a_cpu_no_kernels(lines):
    (profile,) = lines["profile"]
    assert profile["kernels"] is None
    assert 0 < len(profile["rows"]) <= 25
    names = [name for name, *_ in profile["rows"]]
    assert any("convolution" in name for name in names)
    host = [row[3] for row in profile["rows"]]
    assert host == sorted(host, reverse=True)


def test_number_formats_begin_alike(lines):
    means = {line["precision"]: line["rows"] for line in lines["losses"]}
    assert set(means) == {"fp32", "bf16"}
    assert means["fp32"] == pytest.approx(means["bf16"], abs=0.1)
    assert means["fp32"] != means["bf16"]


def test_every_convolution_has_three_rates(lines):
    (found,) = lines["convolutions"]
    assert len(found["rows"]) == 10 * 3
    assert all(row["flops_per_second"] > 0 for row in found["rows"])
    layers = list(dict.fromkeys(row["layer"] for row in found["rows"]))
    assert layers[1] == "32→16 on 4×4 to 8×8, transposed"
    assert layers[5] == "3→4 on 64×64 to 32×32"


def test_the_time_of_a_training_is_split_without_rest(lines):
    (train,) = lines["train"]
    assert train["images"] == 64
    assert sum(train["split"].values()) == pytest.approx(train["seconds"])
    spent_on = {"importing", "training steps", "samples", "checkpoints", "film", "log"}
    assert spent_on <= set(train["split"])
    assert all(seconds >= 0 for seconds in train["split"].values())


def test_the_machine_its_limits_and_the_least_work_are_told(lines):
    (machine,) = lines["machine"]
    assert machine["torch"] == torch.__version__
    assert machine["cores"] >= 1
    (limits,) = lines["limits"]
    assert limits["peaks"][machine["precision"]] > 0
    assert lines["work"][0]["standard"]["flops"] > 0


def test_markdown_is_beside_the_lines_and_made_again_from_a_part_of_them(out, tmp_path):
    whole = out.with_suffix(".md").read_text(encoding="utf-8")
    tables = [line for line in whole.splitlines() if line.startswith("| 4 |")]
    assert len(tables) == 3
    assert len({line.count("|") for line in tables}) == 1
    assert "nan" not in whole
    part = tmp_path / "part.jsonl"
    text = out.read_text(encoding="utf-8")
    part.write_text(text[: text.index('"kind": "turn"') + 300], encoding="utf-8")
    done = gpu("--table", part)
    assert done.returncode == 0, done.stderr
    assert "## Checks" in done.stdout
    assert "kaogan train" not in done.stdout
    assert gpu("--table", tmp_path / "none").stderr.startswith("error: cannot read ")


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is there")
def test_without_a_gpu_it_says_so_in_a_line_and_leaves_nothing(tmp_path):
    done = gpu("--out", tmp_path / "out.jsonl")
    assert done.returncode == 1
    assert "error: there is no CUDA GPU here" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not any(tmp_path.iterdir())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_on_a_gpu_all_is_measured(tmp_path):
    done = gpu("--quick", "--out", tmp_path / "out.jsonl")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = read(tmp_path / "out.jsonl")
    assert {turn["contender"] for turn in lines["turn"]} >= {"recorded", "compiled-recorded"}
    assert all(profile["kernels"] for profile in lines["profile"])


# A bare machine


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_torch_and_numpy_and_the_wheels_are_enough(tmp_path, avatars):
    """In a Python that has only torch and NumPy, with what they need."""
    from gpu.packages import NEEDED

    python = bare_python(tmp_path / "bare")
    wheels, out = tmp_path / "wheels", tmp_path / "out.jsonl"
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    run = (*ON_A_CPU, "--wheels", wheels, "--data", avatars, "--out", out)

    done = gpu(*run, python=python, env=clean)
    assert done.returncode == 1
    assert done.stderr.startswith("error: this Python (")
    assert "pydantic" in done.stderr
    assert "--vendor" in done.stderr
    assert done.stderr.count("\n") == 1

    (wheels / "2.7-linux-x86_64").mkdir(parents=True)
    assert "are for 2.7-linux-x86_64" in gpu(*run, python=python, env=clean).stderr

    here = f"{sys.version_info[0]}.{sys.version_info[1]}-{sys.platform}-{os.uname().machine}"
    (wheels / here).mkdir()
    for name in NEEDED:
        pack(name, wheels / here / f"{name}.whl")
    more = ("--parts", "race", "train", "--only", "eager", "--recipe", "standard")
    done = gpu(*run, *more, python=python, env=clean)
    assert done.returncode == 0, done.stderr
    lines = read(out)
    assert {turn["contender"] for turn in lines["turn"]} == {"eager"}
    (train,) = lines["train"]
    assert train["images"] == 64
    assert train["left_out"] == ["TensorBoard (needs tensorboard)", "film (needs av)"]


def bare_python(folder: Path) -> Path:
    """An environment with links to torch and NumPy, and to what they need."""
    venv.create(folder, with_pip=False, symlinks=True)
    site = next(folder.glob("lib/python*/site-packages"))
    todo, known = ["torch", "numpy"], set()
    while todo:
        name = todo.pop()
        if name in known:
            continue
        known.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:  # of another system
            continue
        required = [text for text in distribution.requires or () if "extra ==" not in text]
        todo += [
            text.split(";")[0].split(">")[0].split("=")[0].split("<")[0].strip("!~ ")
            for text in required
        ]
        for part in tops(distribution):
            target = site / part
            if not target.exists():
                target.symlink_to(Path(str(distribution.locate_file(part))))
    return folder / "bin" / "python"


def tops(distribution: importlib.metadata.Distribution) -> set[str]:
    parts = {file.parts[0] for file in distribution.files or ()}
    return parts - {"..", "__pycache__"}


def pack(name: str, wheel: Path) -> None:
    """An installed package as the wheel that it came from."""
    distribution = importlib.metadata.distribution(name)
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in distribution.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                archive.write(str(distribution.locate_file(file)), str(file))


# Processes that go wrong

FAKE = """
import sys, time
sys.path.insert(0, {place!r})
from worker import serve

def build(n):
    kind = sys.argv[1]
    if "hang" in kind:
        time.sleep(600)
    if "crash" in kind:
        import os; os.abort()
    if "chain" in kind:
        try:
            1 / 0
        except ZeroDivisionError as error:
            raise RuntimeError("the outer one") from error
    print("noise")
    return {{"build_seconds": 0.0}}

if "rubbish" in sys.argv[1]:
    print("no JSON", flush=True)
orders = {{"build": build, "steps": lambda n: 0.001, "host": lambda n: 0.0005}}
orders |= {{"replay": lambda n: None, "profile": lambda n: 1 / 0}}
serve(lambda task: ({{"precision": "fp32"}}, orders))
"""


@pytest.fixture
def stage(tmp_path):
    from gpu.race import Stage

    script = tmp_path / "fake.py"
    script.write_text(FAKE.format(place=str(BENCHMARKS)))
    said: list[dict] = []

    def say(kind: str, **facts) -> None:
        said.append({"kind": kind, **facts})

    made = Stage(lambda module: [sys.executable, str(script)], say, lambda: 100.0)
    made.lines = said
    return made


def fake_race(stage, monkeypatch, kinds: dict) -> list[dict]:
    from gpu import race

    monkeypatch.setattr(race, "CONTENDERS", kinds)
    entries = race.Entry.all(kinds, ["standard"])
    race.race(stage, 4, entries, {}, rounds=2, seconds=0.01, profiled=["standard"])
    return stage.lines


def test_who_hangs_crashes_or_talks_rubbish_is_out_and_the_others_go_on(stage, monkeypatch):
    from gpu import race

    monkeypatch.setattr(race, "BUILDING", 4.0)
    bad = {name: {"peer": name} for name in ("hang", "crash", "rubbish", "chain")}
    lines = fake_race(
        stage, monkeypatch, bad | {"good": {"peer": "good"}, "mine": {"speedups": []}}
    )
    failures = {line["contender"]: line for line in lines if line["kind"] == "failure"}
    assert set(failures) == set(bad)
    assert failures["hang"]["why"] == "took longer than 4 s"
    assert failures["crash"]["why"].startswith("ended with -6")
    assert failures["rubbish"]["why"] == "answered 'no JSON'"
    assert "ZeroDivisionError" in failures["chain"]["said"]
    assert "the outer one" in failures["chain"]["why"]
    turns = [(line["round"], line["contender"]) for line in lines if line["kind"] == "turn"]
    assert turns == [(1, "good"), (1, "mine"), (2, "good"), (2, "mine")]


def test_a_profiler_that_fails_leaves_the_times(stage, monkeypatch):
    from gpu import race

    monkeypatch.setattr(race, "PROFILED", ("mine",))
    lines = fake_race(stage, monkeypatch, {"mine": {"speedups": []}})
    assert [line["kind"] for line in lines] == ["built", "turn", "turn", "host", "failure"]
    assert lines[-1]["order"] == "profile"
    assert lines[1]["steps"] == 8  # of a millisecond, in a hundredth of a second, in fours


def test_no_process_is_left(stage, monkeypatch):
    import psutil

    before = set(psutil.Process().children(recursive=True))
    fake_race(stage, monkeypatch, {"good": {"peer": "good"}, "crash": {"peer": "crash"}})
    assert set(psutil.Process().children(recursive=True)) <= before


FAKE_GPU = """
import json, sys
sys.path.insert(0, {place!r})
from worker import serve

task = json.loads(sys.argv[-1])
kind = task.get("kind", {{}})

def build(n):
    assert (task["recipe"], task["batch"]) != ("dcgan", 256) or "compile" not in str(kind)
    breaks = {{"graph_breaks": {{"a call": 2}}}} if "compile" in str(kind) else {{}}
    sys.stderr.write("V1 a.py:1] [0/0] [__graph_breaks] Graph break: a call\\n" * len(breaks))
    return {{"build_seconds": 2.0, "memory": 3 * 10**9, "tensors": 2 * 10**9, **breaks}}

row = {{"layer": "3→64 on 64×64 to 32×32", "seconds": 1e-5, "flops_per_second": 3.1e14}}
rows = [row | {{"product": "forward", "launches_counted": True}}]
about = {{"precision": "bf16", "device": "NVIDIA H200", "cores": 16, "commit": None}}
check = {{"name": "the first 4 steps are eager ones", "passed": True, "detail": "equal"}}
train = {{"command": "kaogan train", "images": 10**6, "seconds": 60.0}}
train |= {{"split": {{"training steps": 40.0, "samples": 20.0}}, "left_out": ["film (needs av)"]}}
profile = {{"kernels": 300.0, "busy_seconds": 0.001, "rows": [["sm90<..>|x", 2.5, 800.0, 0.0]]}}
work = {{name: {{"flops": 10**11, "bytes": 10**9}} for name in ("standard", "dcgan")}}
orders = {{
    "build": build, "profile": lambda n: profile, "losses": lambda n: [0.5, 0.6, 0.7, 0.8],
    "steps": lambda n: 0.025 if "loader" in str(kind) else 0.004 if "peer" in kind else 0.0013,
    "host": lambda n: 0.0004, "replay": lambda n: 0.0012 if "record" in str(kind) else None,
    "limits": lambda n: {{"peaks": {{"bf16": 7.9e14, "fp32": 4e14}}, "bytes_per_second": 4.3e12}},
    "work": lambda n: work, "check": lambda n: [check], "measure": lambda n: rows,
    "pictures": lambda n: {{"data": "d", "files": "f", "count": n}},
    "train": lambda n: train,
}}
serve(lambda task: (about, orders))
"""


def test_the_plan_of_a_gpu(tmp_path, monkeypatch):
    """Every part, with processes that answer as on a GPU; one contender cannot be compiled."""
    from gpu import plan

    script = tmp_path / "fake.py"
    script.write_text(FAKE_GPU.format(place=str(BENCHMARKS)), encoding="utf-8")
    monkeypatch.setattr(plan, "command", lambda module: [sys.executable, str(script)])
    parse = runpy.run_path(str(BENCHMARKS / "gpu.py"))["parse"]
    out = tmp_path / "out.jsonl"
    options = ["--batches", "128", "256", "--rounds", "1", "--seconds", "0.004"]
    bench = plan.Bench(parse([*options, "--out", str(out)]), tmp_path)
    bench.run()

    lines = read(out)
    assert [line["part"] for line in lines["part"]] == [
        *("checks recorded", "compiling", "race 128", "race 256", "train", "losses"),
        *("convolutions", "floor", "checks compiled"),
    ]
    (failure,) = lines["failure"]
    assert (failure["contender"], failure["recipe"], failure["batch"]) == ("compiled", "dcgan", 256)
    (skipped,) = lines["skipped"]
    assert (skipped["contender"], skipped["batch"]) == ("compiled-recorded", 256)
    racing = {
        n: {line["contender"] for line in lines["turn"] if line["batch"] == n} for n in (128, 256)
    }
    assert len(racing[128]) == 7
    assert racing[256] == {"example", "example-resident", "recorded", "compiled-recorded"}
    assert len(lines["profile"]) == 2 * 3
    assert {line["precision"] for line in lines["losses"]} == {"fp32", "bf16", "fp16"}

    text = out.with_suffix(".md").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if "128 | kaogan dcgan, recorded" in line)
    cells = [cell.strip() for cell in row.split("|")[3:-1]]
    assert cells[:2] == ["98,462", "1.300"]
    assert cells[3:] == ["1.200", "0.400", "300", "77%", "18%", "3.00", "19.23", "3.08"]
    assert "- reached: at least 10 times the example with its loader: 19.23" in text
    assert "310 (39%)*" in text
    assert "graph breaks: 1, recompilations: 0; 2 × a call" in text
    assert "| training steps | 40.00 | 67% |" in text
    assert "`sm90<..>/x`" in text


def test_when_the_time_is_over_parts_are_left_out(tmp_path):
    from gpu.plan import Bench

    parse = runpy.run_path(str(BENCHMARKS / "gpu.py"))["parse"]

    options = parse(["--device", "cpu", "--minutes", "0.1", "--out", str(tmp_path / "out.jsonl")])
    bench = Bench(options, tmp_path)
    bench.part("train", 50.0, lambda: pytest.fail("there was no time"))
    bench.stage.left = lambda: 0.0
    bench.part(
        "floor", 1.0, lambda: bench.stage.order(SimpleNamespace(failure=None), {}, "a", 0, 9)
    )
    bench.file.close()
    skipped = read(tmp_path / "out.jsonl")["skipped"]
    assert [line["part"] for line in skipped] == ["train", "floor"]
    assert "50 s" in skipped[0]["why"]
    assert "train: needs 50 s" in (tmp_path / "out.md").read_text(encoding="utf-8")


# What is made of numbers


def turns(batch: int, recipe: str | None, contender: str, *seconds: float) -> list[dict]:
    about = {"kind": "turn", "batch": batch, "recipe": recipe, "contender": contender, "steps": 4}
    return [about | {"round": number, "seconds": each} for number, each in enumerate(seconds)]


def test_targets_are_judged_within_rounds():
    from gpu.table import markdown

    lines = [
        *turns(256, None, "example", 0.1, 0.2, 0.3),
        *turns(256, None, "example-resident", 0.01, 0.01, 0.01),
        *turns(256, "dcgan", "recorded", 0.004, 0.004, 0.005),
    ]
    text = markdown(lines)
    assert "- reached: at least 10 times the example with its loader: 50.00" in text
    assert "- **missed**: at least 3 times the example with its data on the device: 2.50" in text
    assert "- reached: 63,632 faces in at most 1 second, batch 256: 0.99" in text
    assert "## Convolutions" not in text


def test_nothing_is_divided_by_zero():
    from gpu.table import markdown

    lines = [
        *turns(4, None, "example", 0.0),
        *turns(4, "dcgan", "recorded", 0.0),
        {"kind": "limits", "peaks": {"fp32": 0.0}, "bytes_per_second": 0.0},
        {
            "kind": "train",
            "command": "kaogan",
            "images": 0,
            "seconds": 0.0,
            "left_out": [],
            "split": {"log": 0.0},
        },
    ]
    assert "| 4 | kaogan dcgan, recorded | - |" in markdown(lines)
    assert markdown([]).startswith("# Training on a GPU")


def test_the_compilers_complaints_are_counted():
    from gpu.race import complaints

    said = """noise
V1 guards.py:1] [1/1] [__recompiles] Recompiling function forward in dcgan.py:178
V1 guards.py:1] [1/1] [__recompiles]     - 0/0: tensor 'x' requires_grad mismatch
V1 graph.py:1] [0/0] [__graph_breaks] Graph break in user code at dcgan.py:3
"""
    found = complaints(said)
    assert found["logged"] == {"graph_breaks": 1, "recompiles": 1}
    assert "- 0/0: tensor 'x' requires_grad mismatch" in found["logged_lines"]


def test_a_kernel_beside_another_one_adds_no_time():
    from gpu.profile import _busy

    spans = [(0, 10), (5, 12), (6, 7), (20, 21)]
    kernels = [SimpleNamespace(time_range=SimpleNamespace(start=a, end=b)) for a, b in spans]
    assert _busy(kernels) == 13


def test_a_recording_is_timed_by_the_share_of_its_steps(avatars, monkeypatch):
    """With recordings that are no graphs, because there is no GPU."""
    from gpu import contenders

    replayed = []

    def record(step):
        number = len(replayed)
        replayed.append(0)

        def replay() -> None:
            replayed[number] += 1

        return step(), replay

    monkeypatch.setattr(contenders, "cuda_graph", record)
    times = iter([0.008, 0.004])
    seconds_of = contenders.seconds_of
    task = {"kind": {"speedups": ["record"]}, "recipe": "standard", "batch": 4, "width": 4}
    runner = contenders.Runner(task | {"device": "cpu", "data": str(avatars), "precision": "fp32"})
    assert runner.build(0)["build_seconds"] > 0
    assert runner.steps(4) > 0
    before = list(replayed)
    monkeypatch.setattr(contenders, "seconds_of", lambda *work: (seconds_of(*work), next(times))[1])
    assert runner.replay(2) == pytest.approx((0.008 + 3 * 0.004) / 4 / 2)
    assert [now - then for now, then in zip(replayed, before, strict=True)] == [2, 2]


def test_waiting_for_the_last_step_is_time_of_training(monkeypatch):
    from gpu import training

    now = [100.0]
    monkeypatch.setattr(training, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    clock = training.Clock(torch.device("cpu"))
    clock._zero = SimpleNamespace(elapsed_time=lambda event: 1030.0)  # the last step's end, in ms
    clock.end_of_step = SimpleNamespace(query=lambda: True)
    now[0] = 101.0
    with clock.spent_on("samples", may_wait=True):
        now[0] += 0.05
    assert clock.seconds["training steps"] == pytest.approx(0.03)
    assert clock.seconds["samples"] == pytest.approx(0.02)
    with clock.spent_on("samples", may_wait=True):  # it had ended before
        now[0] += 0.05
    assert clock.seconds["samples"] == pytest.approx(0.07)
    clock.end_of_step.query = lambda: False  # it is still at work
    with clock.spent_on("log", may_wait=True):
        now[0] += 0.05
    assert clock.seconds["log"] == 0
    assert clock.seconds["training steps"] == pytest.approx(0.08)


def test_a_callback_without_its_package_sits_out():
    from gpu.training import Clock, Timed

    class Timelapse(Callback):
        def finish(self, trainer) -> None:
            importlib.import_module("no_such_package")

    clock = Clock(torch.device("cpu"))
    timed = Timed(Timelapse(), clock)
    timed.finish(None)
    timed.finish(None)
    assert clock.left_out == ["film (needs no_such_package)"]


# Checks


def tiny(seed: int, resident: bool = True) -> Trainer:
    pictures = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
    compute = Compute(torch.device("cpu"), "fp32")
    recipe = recipes.dcgan(size=32, width=4, batch=4, seed=seed)
    batches = ImageBatches(pictures, compute.device, 0, resident=resident)
    return Trainer(recipe, TrainState.fresh(recipe, compute), batches, compute)


def failed(folder, eager, fast) -> list[str]:
    checks = importlib.import_module("gpu.checks").checks
    return [check.name for check in checks(eager, fast, folder) if not check.passed]


def test_checks_find_another_game_and_pictures_that_are_elsewhere(tmp_path):
    wrong = failed(tmp_path, lambda _: tiny(0, resident=False), lambda _: tiny(1))
    assert "the pictures are on the device" in wrong
    assert "the first 4 steps are eager ones" in wrong
    assert "from a checkpoint, it goes on as if never stopped" not in wrong


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is there")
def test_checks_find_what_was_left_out(tmp_path):
    def make(run_log):
        trainer = tiny(0)
        capture_steps(trainer, run_log, cuda_graph)
        return trainer

    assert failed(tmp_path, lambda _: tiny(0), make) == ["nothing had to be left out"]


def test_checks_find_a_state_that_is_not_the_checkpoints(tmp_path):
    made = []

    def make(run_log):
        made.append(tiny(0))
        if len(made) == 2:  # the one that is to go on
            made[1].compiled_step = lambda *dealt: made[0].train_step(*dealt)
        return made[-1]

    wrong = failed(tmp_path, lambda _: tiny(0), make)
    assert wrong == ["from a checkpoint, it goes on as if never stopped"]
