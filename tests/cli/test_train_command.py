import json
import shlex
import signal
import subprocess
import sys
import time
from typing import get_args

import pytest
from pydantic_core import ErrorType

from kaogan import recipes
from kaogan.data.avatars import draw_avatars
from kaogan.losses import losses
from kaogan.losses.penalties import penalties
from kaogan.options import explain
from kaogan.training import checkpoints
from kaogan.training.run import Run

SMALL = ("--size", "32", "--width", "4", "--batch", "4", "--device", "cpu")


def test_a_folder_of_pictures_becomes_a_run_with_pictures_to_look_at(kaogan, pictures, tmp_path):
    out = tmp_path / "run"
    outcome = kaogan("train", pictures, "--out", out, "--images", "24", *SMALL)
    assert outcome.status == 0
    for name in ("faces.png", "real-and-generated.png", "timelapse.mp4", "curves.png"):
        assert str(out / name) in outcome.out or name == "curves.png"
        assert (out / name).exists() or name == "curves.png"
    assert f"kaogan sample {out}" in outcome.out
    assert "Go on" not in outcome.out


def test_paths_in_advice_can_be_typed(kaogan, pictures, tmp_path):
    out = tmp_path / "a run"
    assert (
        f"kaogan sample '{out}'"
        in kaogan("train", pictures, "--out", out, "--images", "4", *SMALL).out
    )


def test_a_run_is_not_pictures(kaogan, pictures, tmp_path):
    out = tmp_path / "run"
    kaogan("train", pictures, "--out", out, "--images", "4", *SMALL)
    outcome = kaogan("train", out, "--out", tmp_path / "other", *SMALL)
    assert outcome.status == 1
    assert f"{out} is a RUN" in outcome.error
    assert not (tmp_path / "other").exists()


def test_a_folder_with_other_things_is_left_alone(kaogan, pictures, tmp_path):
    before = sorted(pictures.iterdir())
    outcome = kaogan("train", pictures, "--out", pictures, "--images", "4", *SMALL)
    assert outcome.status == 1
    assert "holds other things" in outcome.error
    assert sorted(pictures.iterdir()) == before


def test_the_same_command_goes_on_and_a_larger_budget_goes_further(kaogan, pictures, tmp_path):
    out = tmp_path / "run"
    first = kaogan("train", pictures, "--out", out, "--images", "8", *SMALL, "--json")
    again = kaogan("train", pictures, "--out", out, "--images", "8", *SMALL, "--json")
    further = kaogan("train", pictures, "--out", out, "--images", "16", *SMALL, "--json")
    seen = [json.loads(outcome.out)["images_seen"] for outcome in (first, again, further)]
    assert seen == [8, 8, 16]
    assert "used up" in again.err
    assert "going on after 8 images" in further.err


def test_raw_pictures_are_prepared_once(kaogan, pictures, tmp_path, cache):
    out = tmp_path / "run"
    kaogan("train", pictures, "--out", out, "--images", "8", *SMALL)
    prepared = list((cache / "datasets").iterdir())
    kaogan("train", pictures, "--out", out, "--images", "12", *SMALL)
    assert list((cache / "datasets").iterdir()) == prepared
    assert len(prepared) == 1


def test_the_run_is_named_after_the_data(kaogan, pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert kaogan("train", "pictures", "--images", "8", *SMALL).status == 0
    assert checkpoints.found(Run(tmp_path / "runs" / "pictures").checkpoints)


def test_every_option_reaches_the_recipe(kaogan, pictures, tmp_path):
    out = tmp_path / "run"
    options = (
        "--latent 7 --upsample resize --loss minimax --label-smoothing 0.1 --packing 2 --lr 0.001"
    )
    options += " --beta1 0.4 --beta2 0.9 --seed 3 --channels 1 --norm spectral"
    options += " --initialization normal --minibatch-std 2 --penalty r2=3 --penalty-interval 2"
    options += " --ema-share 0.1 --anneal-images 99 --no-mirror"
    assert (
        kaogan("train", pictures, "--out", out, "--images", "4", *SMALL, *options.split()).status
        == 0
    )
    recipe = Run(out).recipe.model_dump()
    assert recipe["model"] == {
        "name": "dcgan",
        "size": 32,
        "channels": 1,
        "latent_dim": 7,
        "width": 4,
        "upsample": "resize",
        "norm": "spectral",
        "initialization": "normal",
        "minibatch_std": 2,
        "packing": 2,
    }
    assert recipe["loss"] == {"name": "minimax", "label_smoothing": 0.1}
    assert list(recipe["penalties"]) == [{"name": "r2", "weight": 3.0}]
    numbers = {
        "batch": 4,
        "lr": 0.001,
        "beta1": 0.4,
        "beta2": 0.9,
        "seed": 3,
        "penalty_interval": 2,
        "ema_share": 0.1,
        "mirror": False,
    }
    cosine = {"name": "cosine", "images": 99, "end": 0.05}
    assert recipe["lr_schedule"] == cosine
    assert recipe["penalty_schedule"] == {"name": "constant"}  # the standard recipe's
    assert {key: recipe[key] for key in numbers} == numbers


@pytest.mark.parametrize("name", ["standard", "dcgan"])
def test_a_recipe_is_taken_by_its_name(kaogan, pictures, tmp_path, name):
    out, line = tmp_path / "run", ["train", pictures, "--recipe", name, *SMALL]
    assert kaogan(*line, "--images", "4", "--anneal-images", "0", "--out", out).status == 0
    expected = recipes.named(name, size=32, width=4, batch=4, anneal_images=None, mirror=False)
    assert Run(out).recipe.model_copy(update={"mirror": False}) == expected


def test_without_penalties(kaogan, pictures, tmp_path):
    out = tmp_path / "run"
    line = ["train", pictures, "--out", out, "--images", "4", *SMALL, "--penalty", "none"]
    assert kaogan(*line).status == 0
    assert Run(out).recipe.penalties == ()


def test_how_long_chooses_and_says_so(kaogan, pictures, tmp_path):
    out = tmp_path / "run"
    first = kaogan("train", pictures, "--out", out, "--images", "8", *SMALL)
    assert "learning rates fall over 8 images" in first.err
    assert Run(out).recipe.anneal_images == 8
    assert kaogan("train", pictures, "--out", out, "--images", "16", *SMALL).status == 0
    assert Run(out).recipe.anneal_images == 16
    timed = tmp_path / "timed"
    assert kaogan("train", pictures, "--out", timed, "--minutes", "0.01", *SMALL).status == 0
    assert Run(timed).recipe.anneal_images > 0


def test_losses_penalties_and_norms_reach_the_recipe_and_a_run_goes_on_with_them(
    kaogan, pictures, tmp_path
):
    out = tmp_path / "run"
    options = "--loss relativistic --norm none --penalty r1=0.5 --penalty r2=2 --images"
    line = ["train", pictures, "--out", out, *SMALL, "--json", *options.split()]
    seen = [json.loads(kaogan(*line, images).out)["images_seen"] for images in ("8", "16")]
    assert seen == [8, 16]
    recipe = Run(out).recipe.model_dump()
    assert recipe["loss"] == {"name": "relativistic"}
    assert recipe["model"]["norm"] == "none"
    assert list(recipe["penalties"]) == [
        {"name": "r1", "weight": 0.5},
        {"name": "r2", "weight": 2.0},
    ]
    assert kaogan("sample", out, "--count", "4", "--out", tmp_path / "faces.png").status == 0


def test_a_run_with_spectral_norm_goes_on_and_draws(kaogan, pictures, tmp_path):
    out = tmp_path / "run"
    line = ["train", pictures, "--out", out, *SMALL, "--norm", "spectral", "--loss", "hinge"]
    for images in ("8", "16"):
        assert kaogan(*line, "--images", images).status == 0
    assert "going on after 8 images" in (out / "log.txt").read_text()
    assert kaogan("sample", out, "--count", "4", "--out", tmp_path / "faces.png").status == 0


def test_another_recipe_on_the_same_run_is_refused_with_the_difference(kaogan, pictures, tmp_path):
    out = tmp_path / "run"
    kaogan("train", pictures, "--out", out, "--images", "4", *SMALL)
    outcome = kaogan("train", pictures, "--out", out, "--images", "8", *SMALL, "--lr", "0.1")
    assert outcome.status == 2
    assert "lr: 0.1, not 0.0003" in outcome.error


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--size", "48"], "power of two"),
        (["--batch", "1"], "batch"),
        (["--lr", "-1"], "lr"),
        (["--loss", "nonsaturatin"], "did you mean 'nonsaturating'"),
        (["--upsample", "bilinear"], "upsample"),
        (["--label-smoothing", "0.7"], "label-smoothing"),
        (["--label-smoothing", "0.1", "--loss", "hinge"], "nor the loss hinge has label_smoothing"),
        (["--norm", "layer"], "norm"),
        (["--packing", "0"], "packing"),
        (["--packing", "5"], "packs of 5"),
        (["--penalty", "r1"], "give NAME=WEIGHT"),
        (["--penalty", "r1=much"], "give NAME=WEIGHT"),
        (["--penalty", "r3=1"], "known: r1, r2, gradient-penalty"),
        (["--penalty", "r1=0", "--norm", "none"], "weight"),
        (["--penalty", "r1=1", "--penalty", "r1=2"], "twice"),
        (["--norm", "batch"], "batch norm in the discriminator exclude each other"),
        (["--loss", "wasserstein", "--penalty", "none"], "--norm spectral"),
        (["--penalty-interval", "0"], "penalty-interval"),
        (["--initialization", "zero"], "initialization"),
        (["--minibatch-std", "-1"], "minibatch-std"),
        (["--ema-share", "1"], "ema-share"),
        (["--anneal-images", "-4"], "anneal-images"),
        (["--recipe", "dcgan", "--penalty", "r1=1"], "exclude each other"),
        (["--images", "0"], "images"),
        (["--minutes", "-3"], "minutes"),
        (["--minutes", "0"], "minutes"),
        (["--workers", "0"], "workers"),
        (["--checkpoint-minutes", "0"], "checkpoint-minutes"),
        (["--device", "gpu7"], "device"),
        (["--device", "cuda:99"], "device"),
        (["--precision", "fp16", "--device", "cpu"], "fp16"),
        (["--lr", "nan"], "lr cannot be nan; use a number"),
        (["--width", "1000"], "width cannot be 1000; use 512 or less"),
        (["--norm", "layer"], "norm cannot be 'layer'; use batch, spectral or none"),
        (["--size", "48"], "size cannot be 48; it must be a power of two"),
        (["--minutes", "inf"], "minutes cannot be inf; use a finite number"),
        (["--penalty", "r1:wait=1"], "there is no wait here"),
        (["--schedule", "cosine"], "images is missing"),
        (["--schedule", "cosine:images=2.5"], "images cannot be 2.5; use a whole number"),
        (["--augment", "nothing"], "it takes a plugin"),
    ],
)
def test_a_value_out_of_range_is_said_before_any_work(
    kaogan, pictures, tmp_path, cache, options, word
):
    outcome = kaogan("train", pictures, "--out", tmp_path / "run", *options)
    assert outcome.status == 2
    assert word in outcome.error
    assert not (tmp_path / "run" / "checkpoints").exists()
    if options[0] not in ("--device", "--precision"):
        assert not (cache / "datasets").exists()


def test_a_recipe_that_is_not_there(kaogan, pictures, tmp_path):
    for option, word in (("--config", "cannot read"), ("--like", "is no run")):
        outcome = kaogan("train", pictures, option, tmp_path / "nothing")
        assert outcome.status == 1
        assert word in outcome.error
    (tmp_path / "broken.json").write_text("{")
    outcome = kaogan("train", pictures, "--config", tmp_path / "broken.json")
    assert outcome.status == 2
    assert "is no recipe; make one with: kaogan recipes standard" in outcome.error


LEAKS = ("Input should", "Value error", "validation error", "pydantic", "Field required")


@pytest.mark.parametrize(
    "fields",
    [
        [],
        {"colour": 1},
        {"batch": "many"},
        {"batch": 2.5},
        {"mirror": "perhaps"},
        {"penalties": 3},
        {"penalties": ["r1"]},
        {"penalties": [{"name": "r1", "weight": []}]},
        {"model": "dcgan"},
        {"model": {"name": "dcgan", "width": None}},
        {"model": {"name": "dcgan", "size": 33}},
        {"model": {"name": "mlp"}},
        {"loss": {"name": "hinge", "margin": 2}},
        {"augmentation": 7},
        {"lr_schedule": {"name": "cosine"}},
        {"seed": -1},
        {"recipe": {"lr": 7}},
    ],
)
def test_no_message_of_the_validation_library_leaks(kaogan, tmp_path, fields):
    file = tmp_path / "recipe.json"
    file.write_text(json.dumps(fields))
    outcome = kaogan("train", tmp_path, "--config", file)
    assert outcome.status == 2
    assert not [leak for leak in LEAKS if leak in outcome.error]


@pytest.mark.parametrize("kind", get_args(ErrorType))
def test_every_type_of_error_has_plain_words(kind):
    """Those that a recipe cannot have get a sentence that is always true."""
    context = dict.fromkeys(("gt", "ge", "lt", "le", "expected", "error"), 1)

    class Wrong:
        def errors(self):
            return [
                {"type": kind, "loc": ("field",), "input": 7, "msg": "Input should", "ctx": context}
            ]

    assert "Input should" not in explain(Wrong())


def test_a_batch_larger_than_the_data_is_said_before_measuring(kaogan, pictures, tmp_path):
    outcome = kaogan("train", pictures, "--size", "32", "--batch", "400", "--minutes", "1")
    assert outcome.status == 2
    assert "a batch of 400 is larger than the data, " in outcome.error
    assert "training pictures; use --batch " in outcome.error
    assert "measuring" not in outcome.err


def test_like_a_run_and_from_a_file(kaogan, pictures, tmp_path):
    first, options = tmp_path / "first", ("--loss", "hinge", "--penalty", "r2=3", "--lr", "0.01")
    line = ("train", pictures, "--images", "8", "--out")
    assert kaogan(*line, first, *SMALL, *options).status == 0
    like, file = tmp_path / "like", tmp_path / "recipe.json"
    # Neither the size of the pictures nor the budget is given.
    assert kaogan("train", pictures, "--out", like, "--like", first).status == 0
    assert Run(like).recipe == Run(first).recipe
    assert Run(like).read("newest")[1]["images_seen"] == 8
    file.write_text(kaogan("recipes", first).out)
    result = kaogan(*line, tmp_path / "file", "--config", file, "--seed", "5")
    assert "learning rates fall over 8 images, as the recipe says" in result.err
    assert Run(tmp_path / "file").recipe.differences(Run(first).recipe) == ["seed: 5, not 0"]
    again = kaogan("train", pictures, "--out", like, "--like", first, "--images", "16")
    assert again.status == 0
    assert Run(like).read("newest")[1]["images_seen"] == 16


def test_quiet_and_verbose(kaogan, pictures, tmp_path):
    line = ("train", pictures, "--out", tmp_path / "run", *SMALL, "--images")
    usual = kaogan(*line, "8")
    assert "done: 8 images seen in" in usual.err
    assert "saved after" not in usual.err
    verbose = kaogan(*line, "16", "--verbose")
    assert "saved after 16 images" in verbose.err
    quiet = kaogan(*line, "24", "--quiet")
    assert all(text.startswith("warning: ") for text in quiet.err.splitlines())
    log = (tmp_path / "run" / "log.txt").read_text()
    for seen in (8, 16, 24):
        assert f"saved after {seen} images" in log
        assert f"done: {seen} images seen" in log
    assert "learning rates fall over 8 images" in log


def test_data_that_is_not_there(kaogan, tmp_path):
    outcome = kaogan("train", tmp_path / "nothing", "--out", tmp_path / "run")
    assert outcome.status == 1
    assert "nothing" in outcome.error


def test_a_data_set_of_another_size(kaogan, pictures, tmp_path):
    data = tmp_path / "data"
    kaogan("data", "prepare", pictures, "--size", "32", "--out", data)
    outcome = kaogan("train", data, "--size", "64", "--out", tmp_path / "run")
    assert outcome.status == 2
    assert "--size 32, not 64" in outcome.error


def test_an_out_that_is_a_file(kaogan, pictures, tmp_path):
    (tmp_path / "file").write_text("")
    outcome = kaogan("train", pictures, "--out", tmp_path / "file", *SMALL)
    assert outcome.status == 1
    assert outcome.error


def test_a_stopped_training_says_which_line_goes_on(pictures, tmp_path, cache):
    line = ["train", str(pictures), "--out", str(tmp_path / "run"), "--images", "1000000", *SMALL]
    process = subprocess.Popen(
        [sys.executable, "-m", "kaogan", *line], stdout=subprocess.PIPE, text=True
    )
    while not list((tmp_path / "run" / "samples").glob("000000500-ema.png")):
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert f"Go on: {shlex.join(['kaogan', *line])}" in out.splitlines()


def test_the_help_names_every_loss(kaogan):
    words = " ".join(kaogan("train", "--help").out.split())
    assert all(name in words for name in losses)
    assert all(name in words for name in penalties)


def test_from_a_run_takes_its_networks_and_their_options(kaogan, pictures, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    tiny = ("--width", "4", "--latent", "8", "--batch", "8", "--device", "cpu")
    kaogan("train", pictures, "--out", first, "--images", "16", *tiny)
    result = kaogan("train", pictures, "--out", second, "--images", "16", "--batch", "8",
                    "--from", first, "--json")  # fmt: skip
    assert result.status == 0
    assert Run(second).recipe.model == Run(first).recipe.model
    assert Run(second).about["start"]["from"] == "first"
    result = kaogan("train", pictures, "--out", tmp_path / "third", "--from", first, "--width", "8",
                    "--batch", "8", "--minutes", "1")  # fmt: skip
    assert result.status == 2
    assert result.err.startswith("error: first has other networks (width: 8, not 4)")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--data-part", "2/2"], "on 4 machines it is 0/4, 1/4, 2/4 or 3/4"),
        (["--data-part", "x"], "on 4 machines it is"),
        (["--data-part", "0/2"], "too few for 2 parts"),
        (["--data-part", "0/2", "--epochs", "1"], "use --images or --minutes"),
    ],
)
def test_a_part_of_the_data_that_cannot_be(kaogan, dataset_for_parts, tmp_path, options, words):
    outcome = kaogan("train", dataset_for_parts, "--out", tmp_path / "run", *options)
    assert outcome.status == 2
    assert words in outcome.error


@pytest.fixture(scope="module")
def dataset_for_parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts") / "avatars"
    return draw_avatars(folder, count=8, size=32, workers=1).path
