"""What the command line takes before it does anything: time to start, and memory to train.

    python benchmarks/startup.py                # half a minute and more

A run is trained first, for a few steps, by `kaogan train` on the CPU: its memory is measured, and
it is what `kaogan sample` draws from. Then all commands in turn, `--rounds` times over, each in a
process of its own; `import torch` stands beside them, because no command that needs it is faster.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from kaogan.progress import track
from processes import measure, seconds_of

PYTHON = [sys.executable]
KAOGAN = [*PYTHON, "-m", "kaogan"]
TARGETS = {"kaogan --help": 0.3, "kaogan sample RUN": 3.0}
"""Seconds."""
TARGET_MIB = 1.5e9 / 2**20
"""For training at 64x64, width 64, batch 128."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--size", type=int, default=64, help="of the pictures (64)")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=4, help="steps that the run is trained")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        training = train(place / "run", place / "data", options)
        rows = time_commands(place / "run", place / "faces.png", options.rounds)
    result = {"python": sys.version.split()[0], "rows": rows, "training": training}
    print(json.dumps(result) if options.json else describe(result))


def train(run: Path, data: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Train a run of a few steps; return what it took, in MiB and seconds."""
    drawn = [
        *KAOGAN,
        "data",
        "avatars",
        "--count",
        str(4 * options.batch),
        "--size",
        str(options.size),
    ]
    measure([*drawn, "--out", str(data)])
    images = options.steps * options.batch
    recipe = ["--width", str(options.width), "--batch", str(options.batch)]
    hardware = ["--device", "cpu", "--precision", options.precision]
    took = measure(
        [
            *KAOGAN,
            "train",
            str(data),
            "--out",
            str(run),
            "--images",
            str(images),
            *recipe,
            *hardware,
        ]
    )
    about = json.loads((run / "run.json").read_text(encoding="utf-8"))
    return {
        "size": options.size,
        "width": options.width,
        "batch": options.batch,
        "steps": options.steps,
        "precision": about["precision"],
        "seconds": round(took.seconds, 2),
        "resident_mib": round(took.resident_mib),
        "private_mib": round(took.private_mib),
    }


def time_commands(run: Path, out: Path, rounds: int) -> list[dict[str, Any]]:
    """Seconds of each command from its start to its end: median, least and most."""
    commands = {
        "python -c pass": [*PYTHON, "-c", "pass"],
        "import torch": [*PYTHON, "-c", "import torch"],
        "import kaogan": [*PYTHON, "-c", "import kaogan"],
        "kaogan --help": [*KAOGAN, "--help"],
        "kaogan sample RUN": [*KAOGAN, "sample", str(run), "--out", str(out)],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    with track(rounds * len(commands), "starting", "commands") as progress:
        for _ in range(rounds):
            for name, command in commands.items():
                seconds[name].append(seconds_of(command))
                progress.advance(1)
    return [
        {
            "command": name,
            "median": round(statistics.median(times), 3),
            "least": round(min(times), 3),
            "most": round(max(times), 3),
            "target": TARGETS.get(name),
        }
        for name, times in seconds.items()
    ]


def describe(result: dict[str, Any]) -> str:
    """The result in words."""
    lines = [f"{'seconds':20}{'median':>8}{'least':>8}{'most':>8}{'target':>9}"]
    for row in result["rows"]:
        target = "" if row["target"] is None else f"< {row['target']:g}"
        lines.append(
            f"{row['command']:20}{row['median']:8.2f}{row['least']:8.2f}{row['most']:8.2f}{target:>9}"
        )
    median = {row["command"]: row["median"] for row in result["rows"]}
    share = median["import torch"] / median["kaogan sample RUN"]
    training = result["training"]
    return "\n".join(
        [
            *lines,
            f"importing torch is {share:.0%} of kaogan sample",
            f"training {training['size']}x{training['size']}, width {training['width']}, batch "
            f"{training['batch']}, {training['precision']}: {training['resident_mib']:,} MiB in "
            f"memory, {training['private_mib']:,} of them private (target at 64x64, width 64, "
            f"batch 128: < {TARGET_MIB:,.0f})",
        ]
    )


if __name__ == "__main__":
    main()
