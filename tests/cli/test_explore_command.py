"""`kaogan explore`, served and ended as a user does."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import kaogan as package
from kaogan.latent.directions import Directions
from kaogan.latent.fingerprint import fingerprint
from kaogan.page.making import SOURCES
from kaogan.page.server import USUAL_PORT, usual_server
from kaogan.training.run import Run


@pytest.fixture
def beside(trained):
    """Directions beside the run, so that none need to be found."""
    generator = Run(trained).sampler().generator
    file = trained / "directions.json"
    Directions((), (), fingerprint(generator), orthogonal=False).write(file)
    yield file
    file.unlink()


needs_runtime = pytest.mark.skipif(
    len(list((SOURCES / "runtime").glob("*.wasm"))) == 0,
    reason="onnxruntime-web is not fetched: python tools/page_runtime.py",
)


def test_a_busy_port_is_one_line(kaogan, trained):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        outcome = kaogan("explore", trained, "--port", port, "--no-open")
    assert outcome.status == 1
    assert outcome.error == f"error: cannot listen on port {port}; choose another --port"


def test_the_port_is_always_the_same_or_the_next_with_a_word(capsys):
    with usual_server() as first, usual_server() as second:
        said = capsys.readouterr().err.splitlines()
        assert USUAL_PORT <= first.server_port < second.server_port
        assert (
            f"port {USUAL_PORT} is taken, so the page is at port {second.server_port}" in said[-1]
        )
        assert len(said) == (1 if first.server_port == USUAL_PORT else 2)


def test_no_such_port_is_one_line(kaogan, trained):
    assert kaogan("explore", trained, "--port", "70000", "--no-open").status == 2


@needs_runtime
@pytest.mark.slow
def test_it_serves_a_run_until_it_is_interrupted(trained, beside):
    source = Path(package.__file__).parent.parent
    command = [sys.executable, "-m", "kaogan", "explore", str(trained), "--no-open"]
    environment = os.environ | {"PYTHONPATH": str(source)}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        # Whoever runs the tests in the background has them ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        assert line.startswith("http://127.0.0.1:"), process.stderr and process.stderr.read()
        address = line.partition("  ")[0]
        with urllib.request.urlopen(f"{address}model/generator.onnx", timeout=60) as answer:
            assert answer.status == 200
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Traceback" not in err
