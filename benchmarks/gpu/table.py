"""The lines of a run as Markdown, also of a run that was ended in the middle."""

import json
import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Line = Mapping[str, Any]
Key = tuple[int, str | None, str]
"""Batch, recipe, contender."""

EPOCH = 63_632
"""Pictures in the data set that the targets are named for."""
EXAMPLE, RESIDENT = "example", "example-resident"
SAID = 80
"""Last lines that a failed contender wrote."""

NAMES = {
    "example": "example, 2 loaders (its default)",
    "example-loaders": "example, 8 loaders",
    "example-resident": "example, data on the device",
    "example-tuned": "the same, bf16, channels last",
    "eager": "eager",
    "recorded": "recorded",
    "compiled": "compiled",
    "compiled-recorded": "compiled and recorded",
}


def read(files: Sequence[Path]) -> list[Line]:
    """All lines of these files; one that is broken (the last of a run that was killed) is left out.

    Raises:
        OSError: a file cannot be read.

    """
    lines: list[Line] = []
    for file in files:
        for text in file.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if isinstance(line, dict) and "kind" in line:
                lines.append(line)
    return lines


def markdown(lines: Sequence[Line], profiles: bool = True) -> str:
    """All that the lines tell; `profiles` also has the profiler's rows and what failures said."""
    kinds: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        kinds[line["kind"]].append(line)
    parts = [
        *_machine(kinds),
        *_section("Checks", _checks(kinds["check"])),
        *_section("Training steps", _steps(kinds)),
        *_section("Targets", _targets(kinds)),
        *_section("Convolutions", _convolutions(kinds)),
        *_section("`kaogan train`", _training(kinds["train"])),
        *_section("Number formats", _losses(kinds["losses"])),
        *_section("What the compiler says", _compiler(kinds["built"])),
        *_section("Failures, and what was left out", _failures(kinds, profiles)),
        *(_section("Profiles", _profiles(kinds["profile"])) if profiles else []),
    ]
    return "\n".join(parts) + "\n"


def name_of(line: Line) -> str:
    """What a line is about, in words."""
    keys = ("part", "recipe", "contender", "precision", "order")
    words = [str(line[key]) for key in keys if line.get(key)]
    return ", ".join(words + ([f"batch {line['batch']}"] if line.get("batch") else []))


def _section(title: str, parts: Iterator[str]) -> list[str]:
    found = list(parts)
    return ["", f"## {title}", "", *found] if found else []


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int) -> Iterator[str]:
    """A table whose columns from this one on hold numbers."""
    yield f"| {' | '.join(head)} |"
    yield "|" + "".join("---:|" if n >= numbers_from else "---|" for n in range(len(head)))
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"


def _over(value: float | None, other: float | None) -> float | None:
    """The ratio; None if one is unknown, or it would be infinite."""
    return None if value is None or not other else value / other


def _number(value: float | None, form: str = ",.2f", scale: float = 1.0) -> str:
    return "-" if value is None else format(scale * value, form)


def _tera(value: float) -> str:
    return f"{value / 1e12:,.0f}" if value >= 1e14 else f"{value / 1e12:.3g}"


# Parts


def _machine(kinds: Mapping[str, Sequence[Line]]) -> Iterator[str]:
    yield "# Training on a GPU"
    for run in kinds["run"]:
        arguments = " ".join(["python benchmarks/gpu.py", *run["argv"]])
        yield ""
        yield f"`{arguments}`, {run['started']}"
    for facts in kinds["machine"]:
        known = [f"{key} {value}" for key, value in facts.items() if value and key != "kind"]
        yield ""
        yield ", ".join(known)
    for limits in kinds["limits"]:
        peaks = (f"{_tera(value)} TFLOP/s in {name}" for name, value in limits["peaks"].items())
        yield ""
        yield f"Limits: {', '.join(peaks)}, {limits['bytes_per_second'] / 1e9:,.0f} GB/s"
    for pictures in kinds["pictures"]:
        kind = "drawn avatars" if pictures["drawn"] else "pictures of the data set"
        yield ""
        cores = f" They had {machine[-1]['cores']} cores." if (machine := kinds["machine"]) else ""
        yield f"{pictures['count']:,} {kind}; the loaders decode them from JPEG.{cores}"


def _checks(checks: Sequence[Line]) -> Iterator[str]:
    for check in checks:
        verdict = "ok" if check["passed"] else "**failed**"
        yield f"- {verdict}: {name_of(check)}: {check['name']} ({check['detail']})"


def _by_key(lines: Sequence[Line]) -> dict[Key, list[Line]]:
    found: dict[Key, list[Line]] = defaultdict(list)
    for line in lines:
        found[line["batch"], line["recipe"], line["contender"]].append(line)
    return found


def _seconds(kinds: Mapping[str, Sequence[Line]]) -> dict[Key, dict[int, float]]:
    """Of a step, by round."""
    keys = _by_key(kinds["turn"])
    return {key: {turn["round"]: turn["seconds"] for turn in turns} for key, turns in keys.items()}


def _times(mine: Mapping[int, float], theirs: Mapping[int, float] | None) -> float | None:
    """How much faster mine is: the median over the rounds that both have."""
    ratios = [theirs[n] / mine[n] for n in mine if n in theirs and mine[n] > 0] if theirs else []
    return statistics.median(ratios) if ratios else None


def _steps(kinds: Mapping[str, Sequence[Line]]) -> Iterator[str]:
    times = _seconds(kinds)
    if not times:
        return
    one = {
        kind: {key: found[-1] for key, found in _by_key(kinds[kind]).items()}
        for kind in ("built", "host", "replay", "profile")
    }
    rows = []
    for (batch, recipe, name), mine in sorted(times.items(), key=_order):
        key = (batch, recipe, name)
        step = statistics.median(mine.values())
        profile = one["profile"].get(key, {})
        built = one["built"].get(key, {})
        rows.append(
            [
                str(batch),
                f"kaogan {recipe}, {NAMES.get(name, name)}" if recipe else NAMES.get(name, name),
                _number(_over(batch, step), ",.0f"),
                _number(step, ".3f", 1e3),
                f"{1e3 * min(mine.values()):.3f} to {1e3 * max(mine.values()):.3f}",
                _number(one["replay"].get(key, {}).get("seconds"), ".3f", 1e3),
                _number(one["host"].get(key, {}).get("seconds"), ".3f", 1e3),
                _number(profile.get("kernels"), ",.0f"),
                _number(_over(profile.get("busy_seconds"), step), ".0%"),
                _number(_over(_floor(kinds, batch, recipe, built), step), ".0%"),
                _number(built.get("memory"), ".2f", 1e-9),
                _number(_times(mine, times.get((batch, None, EXAMPLE)))),
                _number(_times(mine, times.get((batch, None, RESIDENT)))),
            ]
        )
    head = ["batch", "", "images/s", "ms/step", "rounds", "replay, ms", "host, ms", "kernels"]
    head += ["GPU busy", "of the floor", "GB", "× example", "× with data on the device"]
    yield from _table(head, rows, 2)
    yield ""
    yield (
        "Medians over the rounds, in which all take turns; ratios are taken within each round. "
        "*replay* is the recording alone, without its inputs; *host* the time until a step returns "
        "on an idle GPU. *GPU busy* is the time in which at least one kernel runs, by the "
        "profiler, over the time of a step without it. The *floor* is the time of the least "
        "arithmetic and traffic at the measured limits. The example computes in float32, for which "
        "PyTorch lets cuDNN's convolutions round to TF32."
    )


def _order(item: tuple[Key, object]) -> tuple[int, str, int]:
    batch, recipe, name = item[0]
    return batch, recipe or "", list(NAMES).index(name) if name in NAMES else len(NAMES)


def _floor(
    kinds: Mapping[str, Sequence[Line]], batch: int, recipe: str | None, built: Line
) -> float | None:
    """The least seconds of a step; None if unknown."""
    work = next((line[recipe] for line in kinds["work"] if line["batch"] == batch and recipe), None)
    limits = kinds["limits"][-1] if kinds["limits"] else None
    peak = limits["peaks"].get(built.get("precision")) if limits else None
    if not work or not limits or not peak or not limits["bytes_per_second"]:
        return None
    return float(max(work["flops"] / peak, work["bytes"] / limits["bytes_per_second"]))


def _targets(kinds: Mapping[str, Sequence[Line]]) -> Iterator[str]:
    """What is aimed at, and the best that each recipe reached; the example is a dcgan."""
    times = _seconds(kinds)
    for recipe in sorted({key[1] for key in times if key[1]}):
        mine = {key: value for key, value in times.items() if key[1] == recipe}

        def beside(peer: str, mine: dict[Key, dict[int, float]] = mine) -> dict[Key, float | None]:
            return {key: _times(mine[key], times.get((key[0], None, peer))) for key in mine}

        epochs = {
            key: EPOCH * statistics.median(value.values()) / key[0]
            for key, value in mine.items()
            if key[0] == 256
        }
        yield _target("at least 10 times the example with its loader", 10.0, beside(EXAMPLE), True)
        title = "at least 3 times the example with its data on the device"
        yield _target(title, 3.0, beside(RESIDENT), True)
        yield _target(f"{EPOCH:,} faces in at most 1 second, batch 256", 1.0, epochs, False)


def _target(name: str, wanted: float, values: Mapping[Key, float | None], more: bool) -> str:
    """A target and what came nearest to it, or went beyond; `more` is better, or less."""
    known = {key: value for key, value in values.items() if value is not None}
    if not known:
        return f"- not measured: {name}"
    key = (max if more else min)(known, key=known.__getitem__)
    reached = known[key] >= wanted if more else known[key] <= wanted
    batch, recipe, contender = key
    return (
        f"- {'reached' if reached else '**missed**'}: {name}: {known[key]:,.2f} "
        f"({recipe}, batch {batch}, {NAMES.get(contender, contender)})"
    )


def _convolutions(kinds: Mapping[str, Sequence[Line]]) -> Iterator[str]:
    peaks = kinds["limits"][-1]["peaks"] if kinds["limits"] else {}
    products = ("forward", "gradient by input", "gradient by weight")
    for line in kinds["convolutions"]:
        peak = peaks.get(line["precision"])
        layers: dict[str, dict[str, Line]] = defaultdict(dict)
        for row in line["rows"]:
            layers[row["layer"]][row["product"]] = row

        def cell(row: Line | None, peak: float | None = peak) -> str:
            if row is None:
                return "-"
            share = f" ({row['flops_per_second'] / peak:.0%})" if peak else ""
            remark = "*" if row["launches_counted"] else ""
            return f"{_tera(row['flops_per_second'])}{share}{remark}"

        yield (
            f"TFLOP/s at batch {line['batch']} in {line['precision']}, networks of the recipe "
            f"{line['recipe']}; in brackets, of the peak of a matrix product. Operands may stay in "
            "a cache. *: the time of the launches is in it."
        )
        yield ""
        rows = [
            [layer, *(cell(found.get(name)) for name in products)]
            for layer, found in layers.items()
        ]
        yield from _table(["layer", *products], rows, 1)
        yield ""


def _training(runs: Sequence[Line]) -> Iterator[str]:
    for run in runs:
        yield f"`{run['command']}`: {run['images']:,} images in {run['seconds']:.1f} s"
        yield ""
        split = sorted(run["split"].items(), key=lambda item: -item[1])
        rows = [
            [name, f"{seconds:.2f}", _number(_over(seconds, run["seconds"]), ".0%")]
            for name, seconds in split
        ]
        yield from _table(["", "seconds", "share"], rows, 1)
        for name in run["left_out"]:
            yield f"\nNot done: {name}."


def _losses(lines: Sequence[Line]) -> Iterator[str]:
    if not lines:
        return
    rows = [
        [f"{line['recipe']}, {line['precision']}", *(f"{mean:.4f}" for mean in line["rows"])]
        for line in lines
    ]
    first = lines[0]
    yield f"Means over {first['steps']} eager steps from one seed, batch {first['batch']}."
    yield ""
    yield from _table(["", "loss of D", "loss of G", "D(x)", "D(G(z))"], rows, 1)


def _compiler(built: Sequence[Line]) -> Iterator[str]:
    for line in built:
        if "graph_breaks" not in line:
            continue
        logged = line["logged"]
        reasons = "".join(f"; {count} × {why}" for why, count in line["graph_breaks"].items())
        yield (
            f"- {name_of(line)}: built in {line['build_seconds']:.1f} s; graph breaks: "
            f"{logged['graph_breaks']}, recompilations: {logged['recompiles']}{reasons}"
        )
        yield from (f"    - `{text.replace('`', '')}`" for text in line["logged_lines"])


def _failures(kinds: Mapping[str, Sequence[Line]], in_full: bool) -> Iterator[str]:
    for line in kinds["skipped"]:
        yield f"- left out: {name_of(line)}: {line['why']}"
    for line in kinds["failure"]:
        yield f"- failed: {name_of(line)}: {line['why']}"
        if in_full and line.get("said", "").strip():
            yield ""
            yield from (f"      {text}" for text in line["said"].splitlines()[-SAID:])
            yield ""


def _profiles(profiles: Sequence[Line]) -> Iterator[str]:
    for line in profiles:
        yield f"### {name_of(line)}"
        yield ""
        if line["kernels"] is None:
            yield "The profiler saw no kernels."
            yield ""
        rows = [
            [f"`{name.replace('`', '')}`", f"{calls:,.1f}", f"{device:,.1f}", f"{host:,.1f}"]
            for name, calls, device, host in line["rows"]
        ]
        yield from _table(["", "calls a step", "GPU, µs", "host, µs"], rows, 1)
        yield ""
