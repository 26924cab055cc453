"""`prepare(crop=...)`: from whole pictures to the faces in them."""

import numpy as np
import pytest
from helpers import encode, make_folder, picture, png, prepared, reasons
from illustrations import illustration, scene
from PIL import Image

from kaogan.data.decode import Preparation, decode
from kaogan.data.prepare import prepare
from kaogan.data.show import describe, summarize
from kaogan.errors import KaoganError, UsageError

HEAD = "name,left,top,width,height\n"


def table(path, *rows):
    path.write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def drawings(tmp_path_factory):
    files = {
        "one.png": encode(illustration((300, 200))),
        "two.jpg": encode(illustration((40, 30), (560, 300), seed=1), "JPEG", quality=90),
        "one-again.jpg": encode(illustration((300, 200)), "JPEG", quality=90),
        "none.png": encode(scene(seed=2)),
        "text.txt": b"hello",
    }
    return make_folder(tmp_path_factory.mktemp("drawings"), files)


def test_faces_of_illustrations(drawings, tmp_path):
    pytest.importorskip("animeface")
    data = prepared(drawings, tmp_path / "d", crop="faces")
    assert len(data) + len(data.held_out) == 3  # two of them from one picture
    assert reasons(data) == {
        "one.png": "near duplicate",  # of one-again.jpg, which comes before it
        "none.png": "no face found",
        "text.txt": "not an image",
    }
    for row in data.manifest():
        left, top, side, height = row["box"]
        assert row["original_size"] == [900, 700]
        assert side == height
        assert 0 <= left <= 900 - side
        assert 0 <= top <= 700 - side
    assert (data.summary["crop"], data.summary["margin"]) == ("faces", 0.25)
    assert data.summary["detector"] == "animeface 2.0.3"
    assert any("cut out: side" in line for line in describe(summarize(data)))


def test_the_number_of_workers_does_not_show(drawings, tmp_path, monkeypatch):
    pytest.importorskip("animeface")
    monkeypatch.setattr("kaogan.data.prepare.CHUNK_ITEMS", 1)  # else one worker would do
    for workers in (1, 2):
        out = tmp_path / str(workers)
        prepare([drawings / "two.jpg"] * 2, out, crop="faces", workers=workers, progress=False)
    for file in (tmp_path / "1").iterdir():
        assert file.read_bytes() == (tmp_path / "2" / file.name).read_bytes()


def test_boxes_of_a_table_are_cut_out(tmp_path, capsys):
    source = make_folder(
        tmp_path / "in", {"a.png": png(1, 200), "b/c.png": png(2, 200), "d.png": png(3, 200)}
    )
    boxes = table(
        tmp_path / "boxes.csv",
        "a.png,10,20,64,64",
        "a.png,100,90,80,64",
        "b/c.png,150,150,40,40",
        "b/c.png,1,1,10,10",
        "b/c.png,300,1,64,64",
        "lost.png,1,1,64,64",
    )
    data = prepared(source, tmp_path / "d", crop=boxes)
    pictures = np.concatenate([data.train, data.held_out])
    cut = {tuple(row["box"]): pixels for row, pixels in zip(data.manifest(), pictures, strict=True)}
    assert set(cut) == {(10, 20, 64, 64), (100, 82, 80, 80), (150, 150, 40, 40)}
    np.testing.assert_array_equal(cut[10, 20, 64, 64], np.asarray(picture(1, 200))[20:84, 10:74])
    np.testing.assert_array_equal(
        cut[100, 82, 80, 80],
        decode(np.asarray(picture(1, 200))[82:162, 100:180], Preparation()).pixels,
    )
    assert sorted((row["reason"], row["detail"]) for row in data.rejected()) == [
        ("box outside the picture", "300, 1, 64, 64, of 200 x 200"),
        ("not in the table of boxes", ""),
        ("too small", "a face of 10 x 10, at least 32 on each side"),
    ]
    assert "note: 1 of 3 names" in capsys.readouterr().err
    assert data.summary["margin"] == 0


def test_boxes_are_of_the_upright_picture(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be rotated by 90 degrees
    wide = picture(1, 200).crop((0, 0, 200, 100))
    source = make_folder(tmp_path / "in", {"a.png": encode(wide, exif=exif)})
    data = prepared(source, tmp_path / "d", crop=table(tmp_path / "b.csv", "a.png,20,120,64,64"))
    upright = np.asarray(wide.transpose(Image.Transpose.ROTATE_270))
    np.testing.assert_array_equal(
        np.concatenate([data.train, data.held_out])[0], upright[120:184, 20:84]
    )


def test_equal_boxes_are_duplicates_unless_kept(tmp_path):
    source = make_folder(tmp_path / "in", {"a.png": png(1, 200)})
    boxes = table(tmp_path / "b.csv", *["a.png,10,20,64,64"] * 3)
    data = prepared(source, tmp_path / "d", crop=boxes)
    assert data.summary["rejected"] == {"duplicate": 2}
    kept = prepared(source, tmp_path / "k", crop=boxes, keep_duplicates=True)
    assert len(kept) + len(kept.held_out) == 3


def test_wrong_use_comes_before_any_work(tmp_path):
    source = make_folder(tmp_path / "in", {"a.png": png(1)})
    boxes = table(tmp_path / "b.csv", "a.png,0,0,64,64")
    for options, says in (
        ({"margin": 0.1}, "margin is for faces and boxes"),
        ({"crop": boxes, "margin": 9.0}, "use 0 to 4"),
        ({"crop": boxes, "fit": "pad"}, "cut out as squares"),
        ({"crop": "face"}, "crop cannot be 'face'"),
    ):
        with pytest.raises(UsageError, match=says):
            prepared(source, tmp_path / "d", **options)
    lost = table(tmp_path / "l.csv", "b.png,0,0,64,64")
    with pytest.raises(KaoganError, match=r"all were rejected \(1 not in the table of boxes\)"):
        prepared(source, tmp_path / "d", crop=lost)
    assert not (tmp_path / "d").exists()
