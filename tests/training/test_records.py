"""The JSON files of a run: whatever they hold, there is a value or one error."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from damage import GONE, NONSENSE, put

from kaogan.cli import main
from kaogan.errors import KaoganError
from kaogan.limits import LARGEST_JSON
from kaogan.records import Record, read_json
from kaogan.training import checkpoints
from kaogan.training.records import EvaluationRecord, MetricsRecord
from kaogan.training.rows import read_rows
from kaogan.training.run import Run

OLDER = Path(__file__).parent / "older" / "one-schedule" / "run"


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from places(inner, (*path, key))


def test_every_value_of_run_json_may_be_nonsense(tmp_path):
    whole = json.loads((OLDER / "run.json").read_text())
    run, refused, tried = Run(tmp_path), 0, 0
    for path in places(whole):
        for value in [*NONSENSE, GONE]:
            (tmp_path / "run.json").write_text(json.dumps(put(whole, path, value)))
            tried += 1
            try:
                about = run.about
                assert isinstance(about["dataset"]["path"], str)
                assert about["precision"] in ("fp32", "bf16", "fp16")
                run.recipe  # noqa: B018
                run.dataset()
            except KaoganError:
                refused += 1
    assert tried > 500
    assert refused > tried / 4


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, "", "nonsense", "[]", "3", "\ud800", "null"]
)
def test_a_run_json_of_another_kind_is_refused(tmp_path, text):
    (tmp_path / "run.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(KaoganError, match="damaged"):
        Run(tmp_path).about  # noqa: B018


def test_a_json_file_has_a_largest_size(tmp_path):
    file = tmp_path / "a.json"
    with file.open("wb") as opened:
        opened.truncate(LARGEST_JSON + 1)  # takes no space
    with pytest.raises(ValueError, match="more than 8 MB"):
        read_json(file, Record)


@pytest.mark.parametrize("name", ["images_seen", "seconds", "attempt", "scalers", "recipe"])
def test_a_sealed_state_of_nonsense_is_damaged(tmp_path, name):
    (source,) = checkpoints.found(OLDER / "checkpoints")
    whole = json.loads((source / "state.json").read_text())
    target = tmp_path / "checkpoints" / source.name
    target.mkdir(parents=True)
    (target / "state.safetensors").write_bytes((source / "state.safetensors").read_bytes())
    whole.pop("seal")
    for value in [None, -1, "x", [1], float("inf"), GONE]:
        about = put(whole, (name,), value)
        about["seal"] = checkpoints._seal(about)
        (target / "state.json").write_text(json.dumps(about))
        with pytest.raises(checkpoints.Damaged, match="damaged"):
            checkpoints.read(target)


def test_rows_of_nonsense_are_left_out(tmp_path):
    good = {"images_seen": 1, "loss_d": 0.5, "loss_g": 1.0, "d_real": 0.6, "d_fake": 0.4, "x": 2}
    lines = [json.dumps(good), "[" * 100_000, "3", "null", '{"images_seen": 2}', json.dumps(good)]
    lines += [json.dumps(put(good, (name,), value)) for name in good for value in ("x", None)]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    rows = read_rows(tmp_path / "rows.jsonl", MetricsRecord)
    others = [{**good, "x": "x"}, {**good, "x": None}]  # fields that are not known may be anything
    assert rows == [good, good, *others]
    good = {"images_seen": 1, "kid": 0.5, "coverage": 0.1, "fd": 9.0}
    older = {name: good[name] for name in ("images_seen", "kid", "coverage")}
    lines = [json.dumps(each) for each in (good, older)]
    lines += [json.dumps(put(good, (name,), value)) for name in good for value in (None, "x")]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    assert read_rows(tmp_path / "rows.jsonl", EvaluationRecord) == [good, older]


def test_a_folder_of_damaged_runs_is_listed(tmp_path, capsys):
    whole = (OLDER / "run.json").read_text()
    for number, text in enumerate(["[" * 100_000, '{"images_seen": 1, "fd": 2}', '{"ema": []}']):
        run = tmp_path / "runs" / str(number)
        run.mkdir(parents=True)
        (run / "run.json").write_text(whole)
        for name in ("evaluation.jsonl", "metrics.jsonl", "events.jsonl", "floor.json", "toy.json"):
            (run / name).write_text(text)
    assert main(["list", str(tmp_path / "runs")]) == 0
    assert capsys.readouterr().out.count("not evaluated") == 3
