import shutil
import subprocess

import pytest

from kaogan.cli.completion import SHELLS


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_knows_commands_and_options(kaogan, shell):
    script = kaogan("completion", shell).out
    for word in ("evaluate", "--stop-when-flat", "prepare"):
        assert word in script


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash here")
def test_bash_completes(kaogan, tmp_path):
    (tmp_path / "script").write_text(kaogan("completion", "bash").out)
    words = "COMP_WORDS=(kaogan ev); COMP_CWORD=1"
    ask = f"source ./script; {words}; _shtab_kaogan; echo ${{COMPREPLY[@]}}"
    done = subprocess.run(
        ["bash", "-c", ask], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["evaluate"]
