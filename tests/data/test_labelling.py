"""Giving a data set labels: sources joined, attributes chosen, all or nothing."""

import numpy as np
import pytest
from helpers import make_folder, png, prepared

from kaogan.data.dataset import open_dataset
from kaogan.data.label_files import Labels, read_labels_record
from kaogan.data.labelling import Labelling, label
from kaogan.data.prepare import add_pictures
from kaogan.errors import KaoganError, UsageError
from kaogan.labels import Attribute


@pytest.fixture
def data(tmp_path):
    files = {f"{'ab'[number % 2]}/{number}.png": png(number) for number in range(12)}
    return prepared(make_folder(tmp_path / "in", files), tmp_path / "d")


@pytest.fixture
def table(tmp_path):
    rows = [f"{number}.png,{number},{'xyz'[number % 3]}" for number in range(12)]
    (tmp_path / "t.csv").write_text("\n".join(["file,age,kind", *rows]), encoding="utf-8")
    return tmp_path / "t.csv"


def ones(data):
    """In place of measuring."""
    count = len(data.train) + len(data.held_out)
    return Labels((Attribute(name="age", kind="number"),), np.ones((count, 1), np.float32))


def names(data):
    return [attribute.name for attribute in data.attributes]


def test_sources_are_joined(data, table):
    labelled = label(data.path, [table, "folders"])
    assert names(labelled) == ["age", "kind", "class"]
    numbers = [int(row["source"].rpartition("/")[2][:-4]) for row in labelled.manifest()]
    whole = np.concatenate([labelled.train_labels, labelled.held_out_labels])
    np.testing.assert_allclose(whole[:, 0], np.array(numbers) / 11)
    assert whole[:, 1].tolist() == [number % 3 for number in numbers]
    assert whole[:, 2].tolist() == [number % 2 for number in numbers]


def test_of_two_attributes_of_one_name_the_later_counts(data, table):
    labelled = label(data.path, [table, "measured"], measure=ones)
    assert names(labelled) == ["kind", "age"]
    assert (labelled.train_labels[:, 1] == 1).all()
    assert read_labels_record(data.path).ranges == {}
    labelled = label(data.path, ["measured", table], measure=ones)
    assert read_labels_record(data.path).ranges == {"age": (0.0, 11.0)}


def test_attributes_are_chosen(data, table):
    assert names(label(data.path, [table, "folders"], keep=["class", "Age"])) == ["age", "class"]
    with pytest.raises(UsageError, match="there is no attribute knd; did you mean kind"):
        label(data.path, [table], keep=["knd"])
    assert names(open_dataset(data.path)) == ["age", "class"]


def test_a_mistyped_tag_is_answered_with_one_that_is_there(data, tmp_path):
    for number in range(12):
        file = tmp_path / "in" / "ab"[number % 2] / f"{number}.txt"
        file.write_text("1girl, smile" if number < 5 else "1girl, hat", encoding="utf-8")
    with pytest.raises(UsageError, match="there is no attribute smiles; did you mean smile"):
        label(data.path, ["tags"], keep=["smiles"], folder=tmp_path / "in")
    assert open_dataset(data.path).attributes == ()


def test_new_labels_replace_the_old_ones_and_only_them(data, table):
    before = {file.name: file.read_bytes() for file in data.path.iterdir()}
    label(data.path, [table])
    label(data.path, ["folders"])
    assert names(open_dataset(data.path)) == ["class"]
    after = {file.name: file.read_bytes() for file in data.path.iterdir()}
    assert after.keys() - before.keys() == {"labels.json", "labels.npy"}
    assert {name: after[name] for name in before} == before
    assert open_dataset(data.path).fingerprint == data.fingerprint


def test_the_same_labels_have_the_same_fingerprint(data, table):
    first = label(data.path, [table])
    content = {name: (data.path / name).read_bytes() for name in ("labels.json", "labels.npy")}
    assert label(data.path, [table]).labels_fingerprint == first.labels_fingerprint
    assert {name: (data.path / name).read_bytes() for name in content} == content


def test_damaged_labels_can_be_made_again(data, table):
    label(data.path, [table])
    (data.path / "labels.npy").write_bytes(b"")
    with pytest.raises(KaoganError, match=r"make them again: kaogan data label .* --labels SOURCE"):
        open_dataset(data.path)
    assert names(label(data.path, [table])) == ["age", "kind"]


def test_pictures_added_later_are_unknown_until_they_are_labelled(data, table, tmp_path):
    old = label(data.path, [table])
    more = make_folder(
        tmp_path / "more", {f"{number}.png": png(number) for number in range(12, 40)}
    )
    add_pictures(data.path, [more], workers=1, progress=False)
    grown = open_dataset(data.path)
    assert len(grown.train_labels) == len(grown.train)
    np.testing.assert_array_equal(grown.train_labels[: len(old.train)], old.train_labels)
    assert np.isnan(grown.train_labels[len(old.train) :]).all()
    # As it was, it has the labels and the fingerprint that it had.
    earlier = open_dataset(data.path, old.fingerprint)
    assert earlier.labels_fingerprint == old.labels_fingerprint != grown.labels_fingerprint
    rows = [f"{number}.png,{number % 7}" for number in range(12, 40)]
    table.write_text("\n".join(["file,age", *rows]), encoding="utf-8")
    again = label(data.path, [table])
    assert not np.isnan(again.train_labels[len(old.train) :]).any()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"sources": []}, "give the labels"),
        ({"sources": ["tags"]}, "--labels tags and --from FOLDER go together"),
        ({"sources": ["folders"], "folder": "in"}, "--labels tags and --from FOLDER go together"),
        ({"sources": ["smile"]}, "smile is no table of labels"),
        ({"sources": ["folders"], "keep": ["="]}, "--keep: '=' is no word"),
        ({"sources": ["measured"]}, "measured needs measure=kaogan"),
    ],
)
def test_mistakes_are_found_before_anything_is_read(options, says):
    with pytest.raises(UsageError, match=says):
        Labelling.of(**options)


def test_what_has_no_attributes_of_avatars(data):
    with pytest.raises(KaoganError, match=r"has no attributes\.jsonl"):
        label(data.path, ["avatars"])


def test_a_folder_that_cannot_be_written(data, table, monkeypatch):
    def fail(*_, **__):
        raise PermissionError(13, "no")

    monkeypatch.setattr("kaogan.data.label_files.np.save", fail)
    with pytest.raises(KaoganError, match=r"no permission to write .*; give the same command"):
        label(data.path, [table])
