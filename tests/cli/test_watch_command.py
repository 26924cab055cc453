"""`kaogan watch`, served and ended as a user does."""

import json
import signal
import subprocess
import sys
import urllib.request


def test_it_serves_the_run_until_ctrl_c(trained):
    line = [sys.executable, "-m", "kaogan", "watch", str(trained), "--no-open"]
    process = subprocess.Popen(
        line,
        stdout=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background has them ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        address = process.stdout.readline().split()[0]
        with urllib.request.urlopen(f"{address}state.json") as answer:
            state = json.load(answer)
        assert (state["state"], state["seen"], state["unit"]) == ("done", 64, "images")
        with urllib.request.urlopen(address + state["grids"][-1]) as answer:
            assert answer.read().startswith(b"\x89PNG")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()


def test_no_run(kaogan, tmp_path):
    outcome = kaogan("watch", tmp_path, "--no-open")
    assert outcome.status == 1
    assert "is no run" in outcome.error
