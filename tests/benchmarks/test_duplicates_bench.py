import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "duplicates.py"


def test_exact_repeats_are_found_and_near_hashes_of_other_pictures_are_not():
    command = [sys.executable, SCRIPT, "--counts", "1000", "20000", "--json"]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    rows = json.loads(run.stdout)
    assert [row["repeats"] for row in rows] == [100, 2000]
    assert all(row["cpu_seconds"] > 0 and row["mib"] > 10 for row in rows)
