import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "scaling.py"
TINY = ("--sizes", "32", "--width", "4", "--steps", "1", "--precision", "fp32")


def run(*options: object) -> str:
    command = [sys.executable, str(SCRIPT), *map(str, options)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> Path:
    """Rows for batches of 2 and 8."""
    file = tmp_path_factory.mktemp("scaling") / "rows.json"
    run(*TINY, "--batches", "2", "8", "--keep", file)
    return file


def test_each_cell_stands_beside_its_law(kept):
    result = json.loads(kept.read_text())
    small, large = result["rows"]
    assert (small["batch"], large["batch"]) == (2, 8)
    assert large["gflop"] == pytest.approx(4 * small["gflop"], abs=0.002)  # both are rounded
    for row in (small, large):
        assert row["images_per_second"] == pytest.approx(row["batch"] / row["seconds"], rel=0.1)
        assert row["mib"] > row["expected_mib"] > 50
        assert row["expected_seconds"] >= 0
    assert result["limits"]["flops_per_second"] > 1e6


def test_a_second_call_goes_on_where_the_first_one_stopped(kept):
    before = json.loads(kept.read_text())["rows"]
    options = (*TINY, "--batches", "8", "4", "--keep", kept)
    rows = json.loads(run(*options, "--json"))["rows"]
    assert [row["batch"] for row in rows] == [4, 8]
    assert rows[1] == before[1]
    table = run(*options, "--markdown").splitlines()
    assert [line.split("|")[2].strip() for line in table if line.startswith("| 32 ")] == ["4", "8"]


def test_another_setting_has_no_place_in_the_same_file(kept):
    with pytest.raises(subprocess.CalledProcessError) as failure:
        run(*TINY, "--width", "8", "--keep", kept)
    assert "another file" in failure.value.stderr


def test_cells_that_would_take_too_long_or_too_much_are_left_out(kept):
    text = run(*TINY, "--batches", "16", "--limit", "1e-9", "--keep", kept)
    assert "left out: time" in text
    text = run(*TINY, "--sizes", "256", "--batches", "65536", "--keep", kept)
    assert "left out: memory" in text
