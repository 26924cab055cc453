import json
import subprocess
import sys
from pathlib import Path

from PIL import Image

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "data.py"


def run(*options: object) -> str:
    command = [sys.executable, str(SCRIPT), *map(str, options)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_pillow_beside_kaogan_and_an_opening_that_does_not_depend_on_the_size(tmp_path):
    folder = tmp_path / "pictures"
    result = json.loads(run("--count", "20", "--rounds", "1", "--folder", folder, "--json"))
    files = sorted(folder.iterdir())
    assert len(files) == 20
    assert len({file.read_bytes() for file in files}) == 20
    rows = {row["name"]: row for row in result["rows"]}
    assert next(iter(rows)) == "Pillow, 1 process"
    assert rows["Pillow, 1 process"]["share_of_bound"] == round(1 / result["cores"], 3)
    assert rows["kaogan, 1 worker"]["mib"] > 10
    work = {name: row["cpu_microseconds_per_file"] for name, row in rows.items()}
    assert work["kaogan, 1 worker"] > work["Pillow, 1 process"] > 0
    assert result["always_equal"]
    assert len(result["opening_seconds"]) == 2


def test_pictures_that_are_there_are_used_and_described_in_words(tmp_path):
    for number in range(3):
        Image.effect_noise((40, 40), 90 + number).save(tmp_path / f"{number}.jpg")
    before = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    said = run("--count", "3", "--rounds", "1", "--folder", tmp_path)
    assert "3 files" in said
    assert "numbers of workers: equal" in said
    assert {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == before
