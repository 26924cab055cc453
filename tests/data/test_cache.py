"""Raw pictures are prepared once, however many trainings ask for them at a time."""

import os
import subprocess
import sys

from helpers import make_folder, png

PREPARING = """
import sys
from kaogan.data.cache import prepare_cached
print("ready", flush=True)
input()
print(prepare_cached(sys.argv[1], size=32).fingerprint)
"""


def test_two_processes_that_need_the_same_pictures_both_get_them(tmp_path):
    source = make_folder(tmp_path / "faces", {f"{i}.png": png(i) for i in range(400)})
    command = [sys.executable, "-c", PREPARING, source]
    pipe = subprocess.PIPE
    both = [
        subprocess.Popen(
            command,
            env=os.environ | {"KAOGAN_CACHE": str(tmp_path / "cache")},
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )
        for _ in range(2)
    ]
    assert [process.stdout.readline() for process in both] == ["ready\n"] * 2
    for process in both:
        process.stdin.write("\n")
        process.stdin.flush()
    (mine, _), (yours, said) = (process.communicate() for process in both)
    assert [process.returncode for process in both] == [0, 0], said
    assert mine == yours != ""
    (folder,) = (tmp_path / "cache" / "datasets").iterdir()
    assert (folder / "dataset.json").exists()
