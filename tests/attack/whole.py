"""The whole attack: `make attack`. Prints a table, and writes it into docs/reliability.md."""

import argparse
import gc
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from attack_archives import archives, bombs, crafted
from attack_faults import faults
from attack_folders import datasets, nonsense, runs
from attack_http import requests
from attack_kills import kills
from attack_pictures import large, pictures

from attack import PLACE, Make, Tally, judge, table

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- make attack: begin -->", "<!-- make attack: end -->"

COUNTS: dict[str, tuple[Make, int]] = {
    "damaged pictures": (pictures, 7000),
    "pictures as large as is taken": (large, 18),
    "damaged archives, arrays and tables": (archives, 1500),
    "lies in archives": (crafted, 999),
    "small files, large inside": (bombs, 17),
    "damaged DATASETs": (datasets, 500),
    "damaged RUNs": (runs, 250),
    "nonsense in JSON": (nonsense, 500),
    "requests to the page": (requests, 1500),
    "faults of the machine": (faults, 26),
    "kills": (kills, 100),
}
"""What is tried, and how often; 999: all of a fixed list."""
SLOW = (large, bombs, runs, nonsense, faults, kills)
"""A case takes a second or more."""


def main() -> int:
    options = arguments()
    np.seterr(all="ignore")
    torch.set_num_threads(1)
    tallies: dict[str, Tally] = {}
    begun = time.perf_counter()
    for place, (name, (make, count)) in enumerate(COUNTS.items()):
        if options.only and not any(word in name for word in options.only):
            continue
        share = options.slow_share if make in SLOW else options.share
        wanted = max(1, round(count * share))
        with tempfile.TemporaryDirectory(prefix="kaogan-attack-", dir=PLACE) as folder:
            rng = np.random.default_rng([options.seed, place])
            tally = tallies[name] = judge(make(Path(folder), rng, wanted))
        print(f"{name}: {tally.tried:,} in {tally.seconds:.0f} s", file=sys.stderr, flush=True)
        for fault in tally.fell:
            print(f"  FELL {fault}", file=sys.stderr, flush=True)
        gc.collect()
    minutes = (time.perf_counter() - begun) / 60
    words = " ".join([*options.words])
    text = f"`{words}` at commit `{commit()}`, {minutes:.0f} minutes:\n\n{table(tallies)}"
    print(text)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.split(BEGIN)
        after = rest.split(END)[1]
        PAGE.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")
    return 1 if any(tally.fell for tally in tallies.values()) else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the usual counts (1)")
    parser.add_argument("--slow-share", type=float, help="of those that take a second or more each")
    parser.add_argument("--seed", type=int, default=0, help="of everything random (0)")
    parser.add_argument("--only", action="append", metavar="WORD", help="kinds with this word")
    parser.add_argument("--write", action="store_true", help="write docs/reliability.md")
    options = parser.parse_args()
    if options.slow_share is None:
        options.slow_share = options.share
    options.words = ["make attack"] if len(sys.argv) < 2 else [
        "python tests/attack/whole.py", *(word for word in sys.argv[1:] if word != "--write")
    ]  # fmt: skip
    return options


def commit() -> str:
    words = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
