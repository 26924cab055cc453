"""The Dockerfile and the workflow for a code host: linted, and in step with the package."""

import fnmatch
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from test_docs import check_torchrun

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize(
    "command",
    [["hadolint", ROOT / "Dockerfile"], ["zizmor", "--offline", "--quiet", WORKFLOW]],
    ids=["Dockerfile", "workflow"],
)
def test_linters_have_no_complaint(command):
    program = shutil.which(command[0], path=Path(sys.executable).parent)
    if program is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(
        [program, *command[1:]], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def instructions(name: str) -> list[str]:
    """The arguments of an instruction, continued lines joined and comments left out."""
    lines = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.M).replace("\\\n", "")
    return re.findall(rf"^{name} (.*)$", lines, re.M)


def test_what_is_copied_is_there_and_not_ignored():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    allowed = {word.removeprefix("!") for word in ignored if word.startswith("!")}
    copied = [
        source
        for words in map(shlex.split, instructions("COPY"))
        if not words[0].startswith("--from")
        for source in words[:-1]
    ]
    assert copied
    for source in copied:
        assert (ROOT / source).exists(), source
        assert any(
            fnmatch.fnmatch(source, name) or source.startswith(f"{name}/") for name in allowed
        ), source


def test_python_and_extras_are_those_of_the_package():
    (version,) = (words.partition("=")[2] for words in instructions("ARG") if "PYTHON" in words)
    lowest = PROJECT["requires-python"].removeprefix(">=")
    assert tuple(map(int, version.split("."))) >= tuple(map(int, lowest.split(".")))
    (extras,) = re.findall(r"'\.\[(.*?)\]'", DOCKERFILE)
    assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])
    assert f'"{lowest}"' in WORKFLOW.read_text(encoding="utf-8")


@pytest.mark.skipif(os.name == "nt", reason="needs sh")
@pytest.mark.parametrize(("device", "from_index"), [("cpu", True), ("cuda", False), ("tpu", None)])
def test_the_device_chooses_the_build_of_torch(tmp_path, device, from_index):
    """The line of the Dockerfile, with a `pip` that prints what it was asked for."""
    (pip := tmp_path / "pip").write_text('#!/bin/sh\necho "$@"\n')
    pip.chmod(0o755)
    (script,) = (run for run in instructions("RUN") if "DEVICE" in run)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=ROOT,
        env={"PATH": path, "DEVICE": device},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if from_index is None:
        assert (done.returncode, done.stdout) == (1, "")
        assert "use cpu or cuda" in done.stderr
    else:
        assert done.returncode == 0, done.stderr
        assert re.search(r"torch==\d+\.\d+\.\d+$", done.stdout.strip())
        assert ("/whl/cpu" in done.stdout) == from_index


def test_the_workflow_runs_what_contributors_run():
    text = WORKFLOW.read_text(encoding="utf-8")
    assert re.findall(r"- run: (.*)", text) == ["make check", "make test"]


CLUSTERS = ROOT / "docs" / "how-to" / "many-gpus"


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize("name", ["train.sbatch", "train.sh"])
def test_scripts_for_clusters_start_a_training_that_kaogan_understands(name):
    script = (CLUSTERS / name).read_text(encoding="utf-8")
    subprocess.run(["bash", "-n"], input=script, encoding="utf-8", check=True)
    (command,) = re.findall(r"torchrun (.*?)(?:\" &|\n)", script.replace("\\\n", ""))
    command = re.sub(r"\$\{#machines\[@\]\}", "4", command)
    command = re.sub(r"\$\{\w+(\[0\])?\}|\$\w+", "first", command)
    assert check_torchrun(shlex.split(command)) == ""


def test_the_job_for_kubernetes_starts_a_training_that_kaogan_understands():
    yaml = pytest.importorskip("yaml")
    job = yaml.safe_load((CLUSTERS / "train.yaml").read_text(encoding="utf-8"))
    worker = job["spec"]["pytorchReplicaSpecs"]["Worker"]
    (container,) = worker["template"]["spec"]["containers"]
    assert container["command"][0] == "torchrun"
    words = [*container["command"][1:], *container["args"]]
    assert check_torchrun(words) == ""
    assert all(isinstance(word, str) for word in words)
    policy = job["spec"]["elasticPolicy"]
    assert policy["minReplicas"] == policy["maxReplicas"] == worker["replicas"]
    gpus = container["resources"]["limits"]["nvidia.com/gpu"]
    assert int(job["spec"]["nprocPerNode"]) == gpus
