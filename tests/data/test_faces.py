from importlib import metadata

import numpy as np
import pytest
from illustrations import AVATAR, illustration, scene
from PIL import Image

from kaogan.data.faces import check_detector, find_faces
from kaogan.errors import KaoganError

pytest.importorskip("animeface")


def test_faces_are_found_where_they_are():
    places = [(40, 30), (560, 300)]
    boxes = sorted(find_faces(illustration(*places)))
    assert len(boxes) == 2
    for box, (left, top) in zip(boxes, places, strict=True):
        # Around the eyes, which are a little below the middle of an avatar; no larger than it.
        assert box.left + box.width / 2 == pytest.approx(left + AVATAR / 2, abs=AVATAR * 0.15)
        assert box.top + box.height / 2 == pytest.approx(top + AVATAR * 0.55, abs=AVATAR * 0.15)
        assert AVATAR / 3 < box.width < AVATAR


@pytest.mark.parametrize("scale", [0.5, 3])
def test_boxes_are_in_pixels_of_the_picture_whatever_its_size(scale):
    picture = illustration((300, 200))
    (box,) = find_faces(picture)
    size = (round(picture.width * scale), round(picture.height * scale))
    (scaled,) = find_faces(picture.resize(size, Image.Resampling.BICUBIC))
    np.testing.assert_allclose(np.array(scaled) / scale, box, atol=AVATAR * 0.1)


def test_a_face_that_fills_a_small_picture_is_found():
    face = illustration((0, 0), size=(AVATAR, AVATAR)).resize((64, 64), Image.Resampling.BICUBIC)
    assert len(find_faces(face)) == 1
    assert len(find_faces(illustration((300, 200)).convert("L"))) == 1


@pytest.mark.parametrize("seed", range(3))
def test_where_there_is_no_face_none_is_found(seed):
    assert find_faces(scene(seed=seed)) == []


def test_any_shape_is_looked_at():
    rng = np.random.default_rng(0)
    for width, height in [(1, 1), (1, 500), (900, 2), (43, 43), (42, 300), (129, 128)]:
        find_faces(Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)))


def test_without_the_detector_one_line_says_what_to_install(monkeypatch):
    def version(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    with pytest.raises(KaoganError, match=r"pip install 'kaogan\[faces\]'.*--crop FILE\.csv"):
        check_detector()
    monkeypatch.setattr(metadata, "version", lambda name: "2.1.0")
    with pytest.raises(KaoganError, match=r"and 2\.1\.0 is installed.*animeface==2\.0\.3"):
        check_detector()
