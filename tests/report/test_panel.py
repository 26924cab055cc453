"""The sheet for people: fair, the same each time, and in a browser from the disk what it says."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from kaogan.data.writing import Picture, write_dataset
from kaogan.errors import KaoganError, UsageError
from kaogan.metrics.clouds import PictureSource
from kaogan.page.singlefile import single_file
from kaogan.report.panel import Panel, Score, add_score, first_seed, panel_of, read_scores

SUBJECT = {"what": "runs/<b>mine</b>", "truncation": 1.0, "first seed": 2**62 + 1}


def dark(start: int, count: int) -> np.ndarray:
    """Generated pictures, each of one dark grey of its own."""
    levels = np.arange(start, start + count, dtype=np.uint8)
    return np.broadcast_to(levels[:, None, None, None], (count, 32, 32, 3))


@pytest.fixture(scope="module")
def bright(tmp_path_factory):
    """A data set whose pictures are brighter than any that `dark` draws; about 40 are held out."""
    rng = np.random.default_rng(1)
    entries = [
        Picture(rng.integers(128, 256, (32, 32, 3), dtype=np.uint8), {"source": f"{i}.png"})
        for i in range(400)
    ]
    folder = tmp_path_factory.mktemp("panel") / "bright"
    return write_dataset(folder, entries, size=32, channels=3, about={})


@pytest.fixture
def panel(bright) -> Panel:
    return panel_of(PictureSource(dark), SUBJECT, bright)


def sheet_of(panel: Panel, tmp_path) -> dict:
    index = panel.files(tmp_path / "panel.jsonl", served=False)["index.html"].decode()
    (text,) = re.findall(r'<script type="application/json" id="sheet">(.*?)</script>', index, re.S)
    return json.loads(text)


def test_twenty_of_each_and_the_key_is_true(panel, bright):
    assert panel.pictures.shape == (40, 32, 32, 3)
    assert (panel.pictures.max((1, 2, 3)) < 128).tolist() == panel.generated.tolist()
    assert panel.generated.sum() == 20
    held_out = {picture.tobytes() for picture in bright.held_out}
    real = [picture.tobytes() for picture in panel.pictures[~panel.generated]]
    assert set(real) <= held_out
    assert len(set(real)) == 20


def test_the_seed_chooses_and_shuffles(panel, bright):
    again, other = (panel_of(PictureSource(dark), SUBJECT, bright, seed=seed) for seed in (0, 1))
    assert (again.pictures == panel.pictures).all()
    assert other.generated.tolist() != panel.generated.tolist()
    real = [{p.tobytes() for p in one.pictures[~one.generated]} for one in (panel, other)]
    assert real[0] != real[1]
    order = panel.pictures[panel.generated][:, 0, 0, 0].tolist()
    assert sorted(order) == list(range(20)) != order
    assert 1000 < first_seed(0) != first_seed(1)


def test_nothing_but_the_content_tells_the_kinds_apart(panel, tmp_path):
    sheet = sheet_of(panel, tmp_path)
    for address, picture in zip(sheet["pictures"], panel.pictures, strict=True):
        kind, _, packed = address.partition(",")
        assert kind == "data:image/png;base64"
        opened = Image.open(io.BytesIO(base64.b64decode(packed)))
        assert (opened.mode, opened.info) == ("RGB", {})
        assert (np.asarray(opened) == picture).all()


def test_the_answers_cannot_be_read_in_passing(panel, tmp_path):
    key = base64.b64decode(sheet_of(panel, tmp_path)["key"])
    assert np.unpackbits(np.frombuffer(key, np.uint8))[:40].tolist() == panel.generated.tolist()
    assert len(key) == 5


def test_names_are_text_and_not_markup(panel, tmp_path):
    files = panel.files(tmp_path / "</script><b>", served=False)
    index = files["index.html"].decode()
    assert "<b>mine</b>" not in index.replace("&lt;", "")
    assert index.count("</script>") == 2
    assert sheet_of(panel, tmp_path)["place"] == str(tmp_path / "panel.jsonl")


def test_too_few_pictures_are_refused(panel, bright):
    generated, there = PictureSource(dark), len(bright.held_out)
    assert len(panel_of(generated, SUBJECT, bright, count=there).pictures) == 2 * there
    with pytest.raises(KaoganError, match=rf"only {there} held-out .*--count, or .*--split train"):
        panel_of(generated, SUBJECT, bright, count=there + 1)
    training = panel_of(generated, SUBJECT, bright, "train", there + 1)
    assert training.about["data"]["split"] == "train"
    with pytest.raises(KaoganError, match="only 5 pictures to judge"):
        panel_of(PictureSource(dark, 5), SUBJECT, bright)
    with pytest.raises(UsageError, match="at least 1"):
        panel_of(generated, SUBJECT, bright, count=0)
    with pytest.raises(UsageError, match="16 x 16 with 3 channels"):
        panel_of(
            PictureSource(lambda start, count: dark(start, count)[:, :16, :16]), SUBJECT, bright
        )


def line_of(panel: Panel, **changes) -> dict:
    found = {"generated": 20, "real": 20, "taken_for_drawn": 0.35, "recognised": 0.8}
    return {**panel.about, "date": "2025-01-31T12:00:00Z", **found, **changes}


def test_a_score_is_a_line(panel, tmp_path):
    score, file = panel.score(json.dumps(line_of(panel)).encode()), tmp_path / "new" / "panel.jsonl"
    assert str(score) == (
        "7 of 20 generated pictures were taken for drawn (35%), 16 of 20 drawn ones were "
        "recognised (80%)"
    )
    assert read_scores(file) == []
    add_score(file, score)
    file.write_text(file.read_text().rstrip("\n") + "\nwhat somebody wrote", encoding="utf-8")
    add_score(file, score)
    assert read_scores(file) == [score, score]
    assert len(file.read_text().splitlines()) == 3
    assert json.loads(file.read_text().splitlines()[0])["subject"]["first seed"] == 2**62 + 1


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"real": 19},
        {"subject": {"what": "another"}},
        {"taken_for_drawn": 1.5},
        {"recognised": "most"},
        {"date": "yesterday"},
        {"more": 1},
    ],
)
def test_another_sheets_score_is_none(panel, changes):
    with pytest.raises(ValueError, match=r"another sheet|Input should|Extra inputs"):
        panel.score(json.dumps(line_of(panel, **changes)).encode())


@pytest.fixture
def visit(browser):
    """Open a file without a network; at the end nothing went wrong, and nothing was asked for."""
    contexts, wrong = [], []

    def start(file, **options):
        context = browser.new_context(offline=True, accept_downloads=True, **options)
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(30_000)
        own = (file.as_uri(), "blob:", "data:")
        tab.on("request", lambda asked: asked.url.startswith(own) or wrong.append(asked.url))
        tab.on("console", lambda said: said.type == "error" and wrong.append(said.text))
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.goto(file.as_uri())
        tab.locator("#start").click()
        return tab

    yield start
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def file(panel, tmp_path):
    """The page on the disk."""
    out = tmp_path / "panel.html"
    out.write_bytes(single_file(panel.files(tmp_path / "panel.jsonl", served=False)))
    return out


def is_dark(tab) -> bool:
    """Is the picture that is shown one of `dark`'s?"""
    return tab.locator("#picture").evaluate(
        """async (image) => {
            await image.decode();
            const canvas = new OffscreenCanvas(1, 1), context = canvas.getContext("2d");
            context.drawImage(image, 0, 0);
            return context.getImageData(0, 0, 1, 1).data[0] < 128;
        }"""
    )


def groups(tab) -> dict[str, int]:
    """Headings of the pictures at the end, and how many pictures follow each."""
    return dict(
        tab.locator("#groups h3").evaluate_all(
            "all => all.map((h) => [h.textContent, h.nextElementSibling.children.length])"
        )
    )


def test_forty_clicks_and_the_score_is_the_truth(visit, file, panel, tmp_path):
    tab = visit(file, viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True)
    for place in range(40):
        assert tab.locator("#place").text_content() == f"{place + 1} of 40"
        assert is_dark(tab) == panel.generated[place]
        # Every picture is called drawn but each fourth.
        tab.locator("#generated" if place % 4 == 0 else "#drawn").tap()
    called = np.arange(40) % 4 == 0
    taken, recognised = ((~called)[kind].sum() for kind in (panel.generated, ~panel.generated))
    words = f"You took {taken} of 20 generated pictures for drawn: {5 * taken} %"
    assert tab.locator("#headline").text_content() == words
    told = tab.locator("#meaning").text_content()
    assert f"recognised {recognised} of 20: {5 * recognised} %" in told
    assert groups(tab) == {
        f"Generated, and taken for drawn: {taken}": taken,
        f"Generated, and recognised: {20 - taken}": 20 - taken,
        f"Drawn, and recognised: {recognised}": recognised,
        f"Drawn, and taken for generated: {20 - recognised}": 20 - recognised,
    }
    assert str(tmp_path / "panel.jsonl") in tab.locator("#kept").text_content()
    with tab.expect_download() as download:
        tab.locator("#download").click()
    assert download.value.suggested_filename == "panel.jsonl"
    download.value.save_as(tmp_path / "panel.jsonl")
    (score,) = read_scores(tmp_path / "panel.jsonl")
    shares = {"taken_for_drawn": taken / 20, "recognised": recognised / 20}
    date = score.date.isoformat()
    assert score == Score.model_validate(line_of(panel, date=date, **shares))
    line = tab.locator("#line").input_value()
    assert panel.score(line.encode()) == score


def test_keys_answer_and_take_back(visit, file, panel):
    tab = visit(file)
    place = tab.locator("#place")
    tab.keyboard.press("Backspace")  # there is none before the first
    for key in ("d", "ArrowRight", "Control+g", "x"):
        tab.keyboard.press(key)
    assert place.text_content() == "3 of 40"
    tab.keyboard.press("Backspace")
    tab.locator("#back").click()
    assert place.text_content() == "1 of 40"
    assert tab.locator("#back").is_disabled()
    for generated in panel.generated:
        tab.keyboard.press("g" if generated else "ArrowLeft")
    tab.keyboard.press("g")  # nothing is left to answer
    words = "You took 0 of 20 generated pictures for drawn: 0 %"
    assert tab.locator("#headline").text_content() == words
    assert groups(tab) == {"Generated, and recognised: 20": 20, "Drawn, and recognised: 20": 20}


def test_a_key_held_down_answers_once(visit, file):
    tab = visit(file)
    for _ in range(5):
        tab.keyboard.down("d")  # a second one without an up is a repeat
    assert tab.locator("#place").text_content() == "2 of 40"
