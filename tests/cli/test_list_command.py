import json
import shutil

from filelock import FileLock

from kaogan.metrics.verdict import grade

ROW = {"images_seen": 64, "fd": 44.2, "kid": 0.09, "coverage": 0.3, "density": 0.2, "recall": 0.5}
FLOOR = {"fd": 13.6, "kid": 0.0, "coverage": 0.96}


def test_runs_with_their_figures_and_a_word(kaogan, trained, tmp_path):
    runs = tmp_path / "runs"
    plain = shutil.copytree(trained, runs / "plain")
    measured = shutil.copytree(trained, runs / "more" / "measured")
    (measured / "evaluation.jsonl").write_text(json.dumps(ROW) + "\n")
    (measured / "floor.json").write_text(json.dumps(FLOOR))
    (runs / "no-run").mkdir()
    head, *lines = kaogan("list", runs).out.splitlines()
    assert head.split() == ["RUN", "SEEN", "STATE", "QUALITY", "VARIETY", "FD", "KID"]
    told = {line.split()[0]: " ".join(line.split()[1:]) for line in lines}
    assert told == {
        str(plain): "64 done not evaluated",
        str(measured): "64 done fair 31% 44.2 0.090",
    }
    found = json.loads(kaogan("list", runs, "--json").out)
    assert {one["run"] for one in found} == {str(plain), str(measured)}
    (quality,) = [one["quality"] for one in found if one["quality"]]
    assert quality["word"] == grade(ROW, FLOOR)
    assert quality["floor"] == FLOOR


def test_a_training_at_work_and_one_that_was_cut_off(kaogan, trained, tmp_path):
    run = shutil.copytree(trained, tmp_path / "run")
    with FileLock(run / ".lock"):
        assert " training " in kaogan("list", tmp_path).out
    rows = (run / "events.jsonl").read_text().splitlines()
    (run / "events.jsonl").write_text("\n".join(rows[:-1]) + "\n")
    assert " cut off " in kaogan("list", tmp_path).out
    (run / "events.jsonl").unlink()
    assert " unknown " in kaogan("list", run).out  # the folder may be the run itself


def test_a_run_of_points(kaogan, tmp_path):
    line = ["toy", "--out", tmp_path / "ring", "--steps", "8", "--width", "8", "--batch", "16"]
    assert kaogan(*line, "--no-film").status == 0
    assert "128 points" in kaogan("list", tmp_path).out
    assert "of 8 modes" in kaogan("list", tmp_path).out


def test_a_damaged_run_is_a_warning(kaogan, trained, tmp_path):
    shutil.copytree(trained, tmp_path / "good")
    bad = shutil.copytree(trained, tmp_path / "bad")
    (bad / "run.json").write_text("{")
    outcome = kaogan("list", tmp_path)
    assert outcome.status == 0
    assert "warning: " in outcome.err
    assert len(outcome.out.splitlines()) == 2


def test_no_runs(kaogan, tmp_path):
    assert "no runs in" in kaogan("list", tmp_path).out
    assert kaogan("list", tmp_path, "--json").out.strip() == "[]"
    assert "there is no folder" in kaogan("list", tmp_path / "nowhere").error
