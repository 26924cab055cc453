import json
import shlex

import pytest

from kaogan.bench.toy import PAPER

SMALL = ("--width", 8, "--batch", 16, "--steps", 30)


def test_points_become_numbers_and_a_film(kaogan, tmp_path):
    out = tmp_path / "run"
    outcome = kaogan("toy", "--out", out, *SMALL)
    assert outcome.status == 0
    assert "modes covered" in outcome.out
    assert "reverse KL" in outcome.out
    assert "Go on" not in outcome.out
    for name in ("timelapse.mp4", "timelapse.webp", "toy.json"):
        assert str(out / name) in outcome.out
        assert (out / name).exists()
    assert "of 8 modes" in outcome.err


def test_json_and_a_second_call_that_finds_everything_done(kaogan, tmp_path):
    line = ("toy", "--out", tmp_path / "run", "--data", "moons", *SMALL, "--no-film", "--json")
    first, again = kaogan(*line), kaogan(*line)
    assert json.loads(first.out) == json.loads(again.out)
    result = json.loads(first.out)
    assert result["data"] == "moons"
    assert result["steps"] == 30
    assert result["ema"][0].keys() == {"density", "coverage", "mean", "std"}
    assert "used up" in again.err
    assert not (tmp_path / "run" / "samples").exists()


@pytest.mark.parametrize("data", ["gaussian", "grid"])
@pytest.mark.parametrize("loss", ["nonsaturating", "hinge", "leastsquares"])
def test_other_games_on_other_points(kaogan, tmp_path, data, loss):
    options = ("--data", data, "--loss", loss, "--out", tmp_path / "run", *SMALL, "--no-film")
    outcome = kaogan("toy", *options)
    assert outcome.status == 0
    assert "mean" in outcome.out


def test_points_by_hand(kaogan, tmp_path):
    file = tmp_path / "my points.csv"
    file.write_text("\n".join(f"{x / 10},{x % 3}" for x in range(30)))
    outcome = kaogan("toy", "--data", file, "--out", tmp_path / "run", *SMALL)
    assert outcome.status == 0
    assert "coverage" in outcome.out
    assert (tmp_path / "run" / "timelapse.mp4").exists()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ("--data rings", "did you mean 'ring'"),
        ("--data nothing.csv", "there is no file"),
        ("--loss wasserstein", "--penalty gradient-penalty"),
        ("--loss mini", "did you mean 'minimax'"),
        ("--penalty r1", "has no weight"),
        ("--steps 0", "--steps cannot be 0; use 1 or more"),
        ("--batch 1", "--batch cannot be 1"),
        ("--width 5000", "width cannot be 5000"),
        ("--batch 33 --packing 2", "packs of 2"),
        ("bench --seeds 0", "--seeds cannot be 0; use 1 to 64"),
        ("bench --loss wasserstein", "slope"),
    ],
)
def test_a_mistake_is_answered_in_one_line(kaogan, tmp_path, options, complaint):
    outcome = kaogan("toy", *shlex.split(options))
    assert outcome.status in (1, 2)
    assert complaint in outcome.error


def test_another_loss_in_the_same_folder_is_refused(kaogan, tmp_path):
    assert kaogan("toy", "--out", tmp_path / "run", *SMALL, "--no-film").status == 0
    outcome = kaogan("toy", "--out", tmp_path / "run", *SMALL, "--no-film", "--loss", "minimax")
    assert "another recipe" in outcome.error


def test_pictures_and_figures_of_pictures_are_refused(kaogan, tmp_path):
    assert kaogan("toy", "--out", tmp_path / "run", *SMALL, "--no-film").status == 0
    outcome = kaogan("sample", tmp_path / "run", "--out", tmp_path / "faces.png")
    assert "draws points, not pictures" in outcome.error


# The measurement


def test_the_measurement_stands_beside_the_papers(kaogan, tmp_path):
    line = ("toy", "bench", "--loss", "relativistic", "--seeds", 2, "--steps", 4)
    outcome = kaogan(*line, "--out", tmp_path / "bench", "--device", "cpu")
    assert outcome.status == 0
    rows = [row for row in outcome.out.splitlines() if "±" in row]
    assert [row.split("  ")[0] for row in rows] == ["paper, GAN", "kaogan, relativistic"]
    assert "6.3 ± 0.5" in rows[0]
    found = kaogan(*line, "--out", tmp_path / "bench", "--device", "cpu", "--json")
    assert "used up" in found.err  # everything was kept
    result = json.loads(found.out)
    assert result["seeds"] == 2
    assert result["paper"].keys() == PAPER.keys()
    covered = result["results"]["relativistic"]["ring"]["covered"]
    copies = json.loads((tmp_path / "bench/relativistic-1/ring/toy.json").read_text())["ema"]
    one, other = (copy["covered"] for copy in copies)
    assert covered["mean"] == pytest.approx((one + other) / 2)
    assert covered["error"] == pytest.approx(abs(one - other) / 2)


def test_the_papers_networks_play_the_papers_game(kaogan, tmp_path):
    line = ("toy", "bench", "--loss", "nonsaturating", "--packing", 2, "--seeds", 1, "--steps", 1)
    outcome = kaogan(*line, "--out", tmp_path / "bench", "--device", "cpu", "--json")
    assert outcome.status == 0
    about = json.loads((tmp_path / "bench/nonsaturating-2/grid/run.json").read_text())
    model = about["recipe"]["model"]
    assert (model["width"], model["pieces"], model["packing"]) == (400, 5, 2)
    assert json.loads(outcome.out)["results"]["nonsaturating in packs of 2"]["ring"]
