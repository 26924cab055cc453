"""The file: valid, complete in itself, accessible, small, and the same each time."""

import dataclasses
import itertools
import re

import pytest
from reading import Reader

from kaogan.export.equations import equations_in, equations_of, latex
from kaogan.losses import adversarial
from kaogan.report import live as live_generator
from kaogan.report.facts import Missing
from kaogan.report.make import make_report
from kaogan.report.render import duration
from kaogan.report.writing import Heading
from kaogan.training.recipe import Recipe

MEGABYTE = 2**20


@pytest.fixture(scope="module")
def text(plain) -> str:
    return plain.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def read(text) -> Reader:
    return Reader(text)


@pytest.fixture(scope="module")
def toy(toy_run, tmp_path_factory) -> Reader:
    out = tmp_path_factory.mktemp("toy-report") / "report.html"
    make_report(toy_run).write(out, live=True)
    return Reader(out.read_text(encoding="utf-8"))


def test_pictures_of_another_model_have_a_report(other_run, tmp_path):
    """It has faces and figures, and says nothing of layers that the model may not have."""
    report = make_report(other_run)
    missing = {one.part: one.why for one in report.write(tmp_path / "report.html", live=True)}
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    name = other_run.recipe.model.name
    assert f"<code>{name}</code>" in text
    assert "Generated pictures: the first 32" in text
    assert report.measured is not None
    networks = text.partition('id="generator"')[2].partition('id="optimiser"')[0]
    assert "Batch norm" not in networks
    assert "is a matter of the model" in networks
    assert "No command trains this recipe." in text
    assert not any("checkpoint" in why for why in missing.values())
    assert "the generator, alive in the page" not in missing  # PyTorch's exporter takes any model


def test_ids_are_unique_and_links_lead_somewhere(read):
    ids = read.attribute("id")
    assert len(ids) == len(set(ids))
    links = read.attribute("href")
    assert len([link for link in links if not link.startswith("data:")]) > 30
    for link in links:
        papers = ("https://arxiv.org/abs/", "https://doi.org/")
        assert link.startswith(("#", "data:image/", *papers))
        assert not link.startswith("#") or link[1:] in ids
    for names in read.attribute("aria-labelledby"):
        assert set(names.split()) <= set(ids)


def test_headings_descend_one_level_at_a_time(read):
    levels = [int(tag[1]) for tag, _ in read.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_it_says_its_language_and_every_picture_says_what_is_to_be_seen(read):
    assert read.all("html")[0]["lang"] == "en"
    pictures = read.all("img")
    assert len(pictures) >= 6
    for picture in pictures:
        assert len(picture["alt"]) > 10
        assert picture["src"].startswith("data:image/jpeg;base64,")
        assert int(picture["width"]) > 0
    for svg in read.all("svg"):
        assert svg["role"] == "img"
        assert "aria-labelledby" in svg


def test_nothing_in_it_points_to_another_origin(read, text):
    (policy,) = [
        meta["content"]
        for meta in read.all("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    for name in ("src", "action", "data"):
        assert not [value for value in read.attribute(name) if "//" in value[:8]]
    followed = [a.get("href", "") for tag, a in read.elements if tag != "a"]
    assert not [value for value in followed if "//" in value[:8]]
    assert "@import" not in text
    assert "url(" not in text
    assert read.attribute("style") == []  # the policy would ignore them


def test_what_somebody_typed_is_text_and_no_markup(read, text):
    assert '<script>alert("1")' not in text
    assert 'Faces <script>alert("1")</script>' in read.words
    assert "A. & B. · <b>Course</b> 'GAN'" in read.words
    assert "colours <&>" in read.words  # the data set's name
    assert "<b>" not in text.replace("<b>Figure ", "")


def test_it_is_small_and_the_same_each_time(report, plain, tmp_path):
    assert plain.stat().st_size < 5 * MEGABYTE
    assert report.write(tmp_path / "again.html", live=False) == []
    assert (tmp_path / "again.html").read_bytes() == plain.read_bytes()


def test_it_tells_this_runs_numbers(read, run, dataset):
    for number in (f"{len(dataset.train):,}", "1,600", "200, of 8 images each"):
        assert number in read.words
    assert dataset.fingerprint in read.words
    assert "truncated or damaged" in read.words
    parameters = sum(p.numel() for p in run.recipe.model.generator().parameters())
    assert f"{parameters:,} numbers were learned" in read.words
    assert "resumed" in read.words.lower()
    recipe = read.words.partition("The complete recipe:")[2].partition("B. Glossary")[0]
    assert Recipe.model_validate_json(recipe) == run.recipe


def test_its_equations_are_those_of_the_loss(read, run):
    value, loss_d, loss_g, adam = [math["alttext"] for math in read.all("math")]
    (written,) = equations_in(adversarial.__doc__)
    assert value.endswith(latex(written))
    assert [loss_d, loss_g] == [latex(one) for one in equations_of(run.recipe.loss)]
    assert loss_d.startswith(r"\mathcal{L}_{D} = -\mathbb{E}_{x}[(1 - s)")
    assert r"\sqrt{\hat{v}}" in adam
    assert re.search(r"s: labels of real samples are 1 - s = 0\.1\b", read.words)
    assert "This run used the nonsaturating loss [1]" in read.words


def test_it_tells_what_the_paper_s_networks_and_game_are(read):
    for words in (
        "In D, batch norm stands behind all but the first and the last layer",
        "The weights of both networks began as random numbers with a standard deviation of 0.02",
        "the sigmoid of C, from 0 to 1, is called D(x)",
        "No penalty is added to it",
        "β₁ = 0.5 and β₂ = 0.999.",
        "The rates stay the same",
        "D sees real and generated pictures as they are",
    ):
        assert words in read.words
    game = read.words[: read.words.index("Glossary")]
    for absent in ("minibatch", "mirrored", "lazy", "He et al."):
        assert absent not in game


def test_it_tells_what_the_standard_game_is(standard_run, tmp_path):
    make_report(standard_run, evaluate=False).write(tmp_path / "r.html", live=False)
    read = Reader((tmp_path / "r.html").read_text(encoding="utf-8"))
    alts = [math["alttext"] for math in read.all("math")]
    assert alts[1:3] == [latex(one) for one in equations_of(standard_run.recipe.loss)]
    assert [alt.split(" = ")[0] for alt in alts[3:5]] == [r"\text{R1}", r"\text{R2}"]
    assert alts[5] == latex("L_D + 4 (R1 + R2)")
    for words in (
        "In D, nothing is normalised",
        "convolution 4×4, LeakyReLU, minibatch standard deviation",
        "how much 4 neighbours in the batch differ",
        "D’s weights began as He et al. propose",
        "G’s began as random numbers with a standard deviation of 0.02",
        "the sigmoid of C(x) − C(G(z)) is called D(x)",
        "on one step in 4 only, and then 4 times as strong",
        "λ of r1 is 1. λ of r2 is 1.",
        "β₁ = 0 and β₂ = 0.99",
        "to a twentieth over 800 images, along half a cosine",
        "x and latents z, paired as they come",
        "at the end of this training 52% of them were left",
        "Then D judges both again",
        "For the first 400 images, each real picture is mirrored left to right with probability",
        "Later ones are shown as they are",
        "--anneal-images 800",
    ):
        assert words in read.words, words
    for absent in ("In D, batch norm stands", "No penalty", "labels of real", "D its sigmoid"):
        assert absent not in read.words


def test_it_says_that_it_shows_training_pictures(read):
    assert "The report shows some of the training pictures" in read.words


def test_what_is_missing_is_listed(report, tmp_path):
    poorer = dataclasses.replace(report, missing=(Missing("this", "of that"),), measured=None)
    assert poorer.write(tmp_path / "r.html", live=False) == [Missing("this", "of that")]
    words = Reader((tmp_path / "r.html").read_text(encoding="utf-8")).words
    assert "This: of that." in words
    assert "Their floors were not measured" in words


def test_without_the_runtime_the_generator_is_left_out(report, tmp_path, monkeypatch):
    from kaogan.errors import KaoganError

    def absent():
        raise KaoganError("the page needs onnxruntime-web")

    monkeypatch.setattr(live_generator, "runtime", absent)
    (missing,) = report.write(tmp_path / "r.html", live=True)
    assert "onnxruntime-web" in missing.why
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "onnxruntime-web" in Reader(text).words
    assert 'data-name="model/generator.onnx"' not in text


def test_a_report_can_be_made_without_measuring(run):
    report = make_report(run, evaluate=False)
    assert report.measured is None
    assert [one.why for one in report.missing] == ["measuring was not asked for"]
    assert not {"neighbours", "suspects", "worst"} & report.figures.by_name.keys()
    assert {"faces", "maps", "attention", "averaged"} <= report.figures.by_name.keys()
    assert report.heading == Heading()


def test_a_report_of_points_leaves_faces_out(toy):
    assert "Points like those of ring" not in toy.words
    assert "points like those of ring" in toy.words
    assert "of 8 modes" in toy.words
    assert "The tables of layers" in toy.words  # left out, and said so
    assert "faces" not in toy.words[: toy.words.index("Glossary")].lower().replace("surfaces", "")
    alts = [math["alttext"] for math in toy.all("math")]
    starts = [alt.split(" = ")[0] for alt in alts]
    assert starts[1:5] == [r"\mathcal{L}_{D}", r"\mathcal{L}_{G}", r"\text{R1}", r"\text{R2}"]


def test_durations_are_said_as_people_say_them():
    assert [duration(s) for s in (1, 45, 600, 3600, 4800)] == [
        "1 second",
        "45 seconds",
        "10 minutes",
        "1 hour",
        "1 hour 20 minutes",
    ]
