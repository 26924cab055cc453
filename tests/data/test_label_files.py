"""The labels of a data set on the disk: what is written is read, in the order of the pictures."""

import json

import numpy as np
import pytest
from damage import GONE, NONSENSE, damaged, put
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from test_shards import written

from kaogan.data import label_files
from kaogan.data.dataset import open_dataset
from kaogan.data.label_files import Labels, Origin, check_codes, write_labels
from kaogan.data.shards import Part
from kaogan.errors import KaoganError
from kaogan.labels import Attribute

ATTRIBUTES = (
    Attribute(name="hair", kind="categories", values=("pink", "blue", "red")),
    Attribute(name="smile", kind="flag"),
    Attribute(name="place", kind="number"),
)


def labels_of(data):
    """Labels that tell the number of the picture; those of number 7 are unknown."""
    numbers = np.array([int(row["source"]) for row in data.manifest()])
    codes = np.stack([numbers % 3, numbers % 2, numbers / 100], 1).astype(np.float32)
    codes[numbers == 7] = np.nan
    return Labels(ATTRIBUTES, codes)


def give(data):
    write_labels(data.path, data.shards, labels_of(data), Origin(sources=("test",)))
    return open_dataset(data.path)


def check(data):
    """The labels are those of the pictures that are open."""
    whole = np.concatenate([data.train_labels[:], data.held_out_labels[:]])
    np.testing.assert_array_equal(whole, labels_of(data).codes)
    assert len(data.train_labels) == len(data.train)
    assert len(data.held_out_labels) == len(data.held_out)


def attempt(path):
    """What opening a spoiled data set says."""
    try:
        data = open_dataset(path)
    except KaoganError as error:
        return str(error)
    assert data.train_labels.shape == (len(data.train), len(data.attributes))
    return "opened"


@pytest.fixture
def one(tmp_path, monkeypatch):
    return give(written(tmp_path / "one", monkeypatch, 100, count=20))


@pytest.fixture
def three(tmp_path, monkeypatch):
    return give(written(tmp_path / "three", monkeypatch, 25))


def test_without_labels_nothing_is_known(tmp_path, monkeypatch):
    data = written(tmp_path / "d", monkeypatch, 100, count=20)
    assert data.attributes == ()
    assert data.labels_fingerprint is None
    assert data.train_labels.shape == (len(data.train), 0)
    assert not list(data.path.glob("labels*"))


def test_what_is_written_is_read(one):
    check(one)
    assert one.attributes == ATTRIBUTES
    assert isinstance(one.train_labels, np.memmap)
    assert one.train_labels.dtype == np.float32


def test_the_order_is_kept_in_shards_and_parts(three):
    assert len(three.shards) == 3
    check(three)
    indices = [0, 30, 50, -1]
    np.testing.assert_array_equal(
        three.train_labels[indices], labels_of(three).codes[: len(three.train)][indices]
    )
    for number in range(2):
        part = open_dataset(three.path, part=Part(number, 2))
        check(part)
        assert part.labels_fingerprint == three.labels_fingerprint


def test_a_part_needs_only_its_own_files(three):
    (three.path / "labels-00001.npy").unlink()
    check(open_dataset(three.path, part=Part(0, 2)))
    with pytest.raises(KaoganError, match=r"are damaged \(labels-00001.npy"):
        open_dataset(three.path)


def test_the_fingerprint_is_of_attributes_and_codes(one):
    labels = labels_of(one)
    changed = labels.codes.copy()
    changed[0, 1] = 1 - changed[0, 1]
    renamed = (ATTRIBUTES[0], Attribute(name="laugh", kind="flag"), ATTRIBUTES[2])
    found = {one.labels_fingerprint}
    for other in (Labels(ATTRIBUTES, changed), Labels(renamed, labels.codes)):
        write_labels(one.path, one.shards, other, Origin())
        found.add(open_dataset(one.path).labels_fingerprint)
    assert len(found) == 3
    assert give(one).labels_fingerprint == one.labels_fingerprint


def test_pictures_that_were_added_later_are_unknown(three):
    """As `kaogan data add` leaves them: without a file, and not in labels.json."""
    content = json.loads((three.path / "labels.json").read_text(encoding="utf-8"))
    del content["digests"]["labels-00002.npy"]
    (three.path / "labels.json").write_text(json.dumps(content), encoding="utf-8")
    (three.path / "labels-00002.npy").unlink()
    data = open_dataset(three.path)
    known = sum(shard.train for shard in data.shards[:2])
    np.testing.assert_array_equal(data.train_labels[:known], three.train_labels[:known])
    assert np.isnan(data.train_labels[known:]).all()


@pytest.mark.parametrize("when", ["np.save", "unlink"])
def test_a_failure_leaves_the_old_labels(one, monkeypatch, when):
    def fail(*_, **__):
        raise OSError("no space")

    before = {file.name: file.read_bytes() for file in one.path.iterdir()}
    with monkeypatch.context() as patch:
        if when == "np.save":
            patch.setattr(label_files.np, "save", fail)
        else:
            patch.setattr(label_files.Path, "unlink", fail)
        with pytest.raises(OSError, match="no space"):
            give(one)
    if when == "np.save":
        assert {file.name: file.read_bytes() for file in one.path.iterdir()} == before
    check(open_dataset(one.path))


def test_a_kill_between_the_files_leaves_no_labels(one):
    """labels.json goes first and comes last."""
    (one.path / "labels.json").unlink()
    assert open_dataset(one.path).attributes == ()
    (one.path / ".labels.npy.partial-12345678").write_bytes(b"left over")
    check(give(one))
    assert not list(one.path.glob(".labels*"))


def test_codes_of_other_labels_are_refused(one):
    codes = labels_of(one).codes.copy()
    codes[0, 2] = 0.5
    np.save(one.path / "labels.npy", codes)
    with pytest.raises(KaoganError, match=r"not the codes that labels.json is about.*data label"):
        open_dataset(one.path)
    assert open_dataset(one.path, labels=False).attributes == ()


@pytest.mark.parametrize("array", [np.zeros((20, 3)), np.zeros((19, 3), np.float32)])
def test_codes_of_another_shape_are_refused(one, array):
    np.save(one.path / "labels.npy", array)
    with pytest.raises(KaoganError, match=r"labels of .* are damaged"):
        open_dataset(one.path)


def test_newer_labels_are_refused(one):
    (one.path / "labels.json").write_text('{"format": 2}')
    with pytest.raises(KaoganError, match="a newer kaogan wrote the labels"):
        open_dataset(one.path)


def test_damaged_bytes_end_in_one_line(one):
    """Or the labels are as they were, where what was damaged means nothing."""
    rng = np.random.default_rng(0)
    for name in ("labels.json", "labels.npy"):
        whole = (one.path / name).read_bytes()
        for _ in range(60):
            (one.path / name).write_bytes(damaged(whole, rng))
            assert "\n" not in attempt(one.path)
        (one.path / name).write_bytes(whole)


@pytest.mark.parametrize(
    "path",
    [
        ("format",),
        ("sources",),
        ("attributes",),
        ("attributes", 0),
        ("attributes", 0, "values"),
        ("attributes", 0, "name"),
        ("attributes", 1, "kind"),
        ("ranges",),
        ("digests",),
        ("digests", "labels.npy"),
    ],
)
def test_nonsense_in_the_summary_ends_in_one_line(one, path):
    content = json.loads((one.path / "labels.json").read_text(encoding="utf-8"))
    for nonsense in (*NONSENSE, GONE):
        text = json.dumps(put(content, path, nonsense))
        (one.path / "labels.json").write_text(text, encoding="utf-8")
        assert "\n" not in attempt(one.path)


def test_two_attributes_of_one_name_are_refused(one):
    content = json.loads((one.path / "labels.json").read_text(encoding="utf-8"))
    content["attributes"][1]["name"] = "hair"
    (one.path / "labels.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(KaoganError, match="two attributes have one name"):
        open_dataset(one.path)


cells = st.floats(width=32, allow_nan=True) | st.sampled_from([0.0, 1.0, 2.0, 3.0, 0.5])


@given(arrays.arrays(np.float32, (4, 3), elements=cells))
def test_codes_outside_of_their_range_are_refused(codes):
    def allowed(attribute, code):
        if np.isnan(code):
            return True
        if attribute.kind == "number":
            return 0 <= code <= 1
        return code in range(attribute.entries)

    fits = all(allowed(a, code) for row in codes for a, code in zip(ATTRIBUTES, row, strict=True))
    try:
        check_codes(ATTRIBUTES, codes)
    except ValueError:
        assert not fits
    else:
        assert fits


def test_the_command_that_makes_labels_again(one):
    origin = Origin(sources=("my labels.csv", "tags"), keep=("a", "b"), folder="in")
    assert origin.command(one.path.relative_to(one.path.parent)) == (
        "kaogan data label one --labels 'my labels.csv' --labels tags --keep a,b --from in"
    )
