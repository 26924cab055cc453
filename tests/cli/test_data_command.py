import json
import tarfile

import pytest
from PIL import Image

from kaogan.data.dataset import open_dataset


def test_prepare_then_show(kaogan, pictures, tmp_path):
    (pictures / "broken.png").write_bytes(b"no picture")
    data = tmp_path / "data"
    prepared = kaogan("data", "prepare", pictures, "--out", data, "--size", "32")
    assert prepared.status == 0
    assert f"kaogan train {data}" in prepared.out

    shown = kaogan("data", "show", data, "--sheet", tmp_path / "sheet.png", "--json")
    summary = json.loads(shown.out)
    assert summary["train"] + summary["held_out"] == 24
    assert sum(summary["rejected"].values()) == 1
    assert Image.open(tmp_path / "sheet.png").width > 32


def test_prepare_passes_every_option_on(kaogan, pictures, tmp_path):
    Image.new("RGBA", (64, 32), (255, 0, 0, 0)).save(pictures / "clear.png")
    data = tmp_path / "data"
    options = ("--channels", "1", "--fit", "pad", "--background", "black", "--workers", "1")
    assert kaogan("data", "prepare", pictures, "--out", data, "--size", "32", *options).status == 0
    summary = open_dataset(data).summary
    assert (summary["channels"], summary["fit"], summary["background"]) == (1, "pad", "black")


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (["--size", "48"], 2),
        (["--channels", "2"], 2),
        (["--background", "nocolour"], 2),
        (["--min-size", "1000"], 1),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(kaogan, pictures, tmp_path, options, status):
    outcome = kaogan("data", "prepare", pictures, "--out", tmp_path / "data", *options)
    assert outcome.status == status
    assert outcome.error
    assert not (tmp_path / "data").exists()


def test_prepare_never_overwrites(kaogan, pictures, tmp_path):
    data = tmp_path / "data"
    assert kaogan("data", "prepare", pictures, "--out", data, "--size", "32").status == 0
    assert kaogan("data", "prepare", pictures, "--out", data, "--size", "32").status != 0
    assert open_dataset(data).size == 32


def test_show_of_something_else(kaogan, tmp_path):
    assert kaogan("data", "show", tmp_path).status == 1


def test_avatars(kaogan, tmp_path):
    data = tmp_path / "avatars"
    arguments = ("data", "avatars", "--count", "8", "--size", "32", "--out", data, "--json")
    outcome = kaogan(*arguments)
    assert outcome.status == 0
    summary = json.loads(outcome.out)
    assert summary["train"] + summary["held_out"] == 8
    assert (data / "attributes.jsonl").exists()


def test_fetch_of_an_unknown_set(kaogan, tmp_path):
    outcome = kaogan("data", "fetch", "cats", "--out", tmp_path / "data")
    assert outcome.status == 2
    assert "anime-faces" in outcome.error


def test_prepare_cuts_boxes_out(kaogan, pictures, tmp_path):
    boxes = tmp_path / "boxes.csv"
    boxes.write_text("name,left,top,width,height\n1.png,4,4,32,32\n", encoding="utf-8")
    data = tmp_path / "data"
    options = ("--out", data, "--size", "32", "--crop", boxes, "--margin", "0.125")
    assert kaogan("data", "prepare", pictures, *options).status == 0
    (row,) = open_dataset(data).manifest()
    assert row["box"] == [0, 0, 40, 40]


def test_a_wrong_crop_is_one_line(kaogan, pictures, tmp_path):
    outcome = kaogan("data", "prepare", pictures, "--out", tmp_path / "data", "--crop", "center")
    assert outcome.status == 2
    assert "centre" in outcome.error


def test_add(kaogan, pictures, tmp_path):
    data, more = tmp_path / "data", tmp_path / "more"
    assert kaogan("data", "prepare", pictures, "--out", data, "--size", "32").status == 0
    more.mkdir()
    for seed in range(3):
        noise = Image.effect_noise((40, 40), 60 + 60 * seed).convert("RGB")
        noise.save(more / f"{seed}.png")
    before = open_dataset(data)
    outcome = kaogan("data", "add", data, more, "--json")
    assert outcome.status == 0
    summary = json.loads(outcome.out)
    assert summary["train"] + summary["held_out"] == len(before) + len(before.held_out) + 3
    assert "Added: 0 training and 0 held-out pictures" in kaogan("data", "add", data, more).out
    assert kaogan("data", "add", data, tmp_path / "nothing").status == 1
    assert kaogan("data", "add", tmp_path / "nothing", more).status == 1


def test_prepare_takes_many_files_by_one_name_and_addresses(kaogan, pictures, tmp_path):
    for number in range(2):
        with tarfile.open(tmp_path / f"s-{number}.tar", "w") as archive:
            for file in sorted(pictures.iterdir())[number::2]:
                archive.add(file, file.name)
    pattern, data = tmp_path / "s-{0..1}.tar", tmp_path / "data"
    assert kaogan("data", "prepare", pattern, "--out", data, "--size", "32").status == 0
    assert len(open_dataset(data)) + len(open_dataset(data).held_out) == 24
    outcome = kaogan("data", "prepare", "http://x/y.zip", "--out", tmp_path / "other")
    assert outcome.status == 2
    assert "is no address of pictures" in outcome.error


def test_prepare_needs_a_scheduler_that_is_there(kaogan, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr("kaogan.data.cluster.SECONDS_TO_CONNECT", 0.2)
    options = ("--out", tmp_path / "data", "--scheduler", "tcp://127.0.0.1:1")
    outcome = kaogan("data", "prepare", pictures, *options)
    assert outcome.status == 1
    assert "does not answer" in outcome.error or "pip install" in outcome.error


class TestLabels:
    @pytest.fixture
    def data(self, kaogan, pictures, tmp_path):
        data = tmp_path / "data"
        assert kaogan("data", "prepare", pictures, "--out", data, "--size", "32").status == 0
        return data

    @pytest.fixture
    def table(self, pictures, tmp_path):
        names = sorted(file.name for file in pictures.iterdir())
        rows = [f"{name},{'ab'[number % 2]}" for number, name in enumerate(names)]
        (tmp_path / "t.csv").write_text("\n".join(["file,kind", *rows]), encoding="utf-8")
        return tmp_path / "t.csv"

    def test_label_then_show(self, kaogan, data, table, tmp_path):
        labelled = kaogan("data", "label", data, "--labels", table)
        assert labelled.status == 0
        assert f"kaogan data show {data} --labels-sheet labels.png" in labelled.out
        sheet = tmp_path / "sheet.png"
        shown = kaogan("data", "show", data, "--labels-sheet", sheet, "--json")
        (kind,) = json.loads(shown.out)["labels"]["attributes"]
        assert sum(kind["counts"].values()) == 24
        assert Image.open(sheet).width > 32

    def test_measured(self, kaogan, data):
        options = ("--labels", "measured", "--keep", "lightness,contrast")
        assert kaogan("data", "label", data, *options).status == 0
        names = [attribute.name for attribute in open_dataset(data).attributes]
        assert names == ["lightness", "contrast"]

    def test_prepare_with_labels(self, kaogan, pictures, table, tmp_path):
        out = tmp_path / "new"
        made = kaogan("data", "prepare", pictures, "--out", out, "--size", "32", "--labels", table)
        assert made.status == 0
        assert "labels: 1 attribute from" in made.out
        assert [attribute.name for attribute in open_dataset(out).attributes] == ["kind"]

    def test_a_table_that_cannot_be_read_is_told_before_preparing(self, kaogan, pictures, tmp_path):
        out = tmp_path / "new"
        options = ("--out", out, "--size", "32", "--labels", tmp_path / "t.csv")
        assert kaogan("data", "prepare", pictures, *options).status == 1
        assert not out.exists()

    def test_labels_that_do_not_fit_leave_the_data_set(self, kaogan, pictures, tmp_path):
        table, out = tmp_path / "t.csv", tmp_path / "new"
        table.write_text("file,kind\nnobody.png,a\n", encoding="utf-8")
        made = kaogan("data", "prepare", pictures, "--out", out, "--size", "32", "--labels", table)
        assert made.status == 1
        assert f"kaogan data label {out} --labels {table}" in made.err
        assert open_dataset(out).attributes == ()

    @pytest.mark.parametrize(
        ("words", "status", "says"),
        [
            (["label", "DATA"], 2, "--labels"),
            (["label", "DATA", "--labels", "nothing"], 2, "is no table of labels"),
            (["label", "DATA", "--labels", "no.csv"], 1, "does not exist"),
            (["label", "DATA", "--labels", "avatars"], 1, "has no attributes.jsonl"),
            (["show", "DATA", "--labels-sheet", "x.png"], 2, "has no labels; give it some"),
            (["prepare", "x", "--out", "new", "--keep", "a"], 2, "are about --labels"),
        ],
    )
    def test_mistakes_are_one_line(self, kaogan, data, words, status, says):
        outcome = kaogan("data", *(data if word == "DATA" else word for word in words))
        assert outcome.status == status
        assert says in outcome.error
