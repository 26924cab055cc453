"""Measured labels: ranks and words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaogan.data.avatars import draw_avatars
from kaogan.data.writing import Picture, write_dataset
from kaogan.errors import KaoganError
from kaogan.latent import measured
from kaogan.latent.measured import measured_labels


@pytest.fixture(scope="module")
def avatars(tmp_path_factory):
    out = tmp_path_factory.mktemp("measured") / "avatars"
    return draw_avatars(out, count=150, size=32, workers=1)


def of(labels, name):
    place = [attribute.name for attribute in labels.attributes].index(name)
    return labels.attributes[place], labels.codes[:, place]


def test_they_agree_with_what_was_drawn(avatars):
    labels = measured_labels(avatars)
    known = np.concatenate([avatars.train_labels, avatars.held_out_labels])
    names = [attribute.name for attribute in avatars.attributes]
    drawn = known[:, names.index("hair-lightness")]
    assert np.corrcoef(of(labels, "hair-lightness")[1], drawn)[0, 1] > 0.6
    colour = avatars.attributes[names.index("hair-colour")]
    words = [colour.value(float(code)) for code in known[:, names.index("hair-colour")]]
    attribute, codes = of(labels, "hair-colour")
    measured_words = [attribute.value(float(code)) for code in codes]
    assert np.mean([a == b for a, b in zip(words, measured_words, strict=True)]) > 0.5


def test_numbers_are_ranks(avatars):
    labels = measured_labels(avatars)
    assert "hair-redness" not in [attribute.name for attribute in labels.attributes]
    for attribute, codes in zip(labels.attributes, labels.codes.T, strict=True):
        if attribute.kind == "number":
            assert codes.min() < 0.01
            assert codes.max() > 0.99
            assert np.median(codes) == pytest.approx(0.5, abs=0.01)


def test_the_size_of_the_chunks_does_not_matter(avatars, monkeypatch):
    whole = measured_labels(avatars)
    monkeypatch.setattr(measured, "CHUNK", 7)
    np.testing.assert_allclose(measured_labels(avatars).codes, whole.codes, atol=0.02)


@given(st.lists(st.integers(0, 9), min_size=2, max_size=30).map(lambda v: np.array(v, np.float32)))
def test_ranks_keep_the_order(values):
    ranks = measured._rank(values)
    assert ((ranks >= 0) & (ranks <= 1)).all()
    assert (np.sign(ranks[:, None] - ranks) == np.sign(values[:, None] - values)).all()


def test_pictures_that_are_all_alike(tmp_path):
    pictures = (Picture(np.full((32, 32, 1), 128, np.uint8), {"source": str(n)}) for n in range(3))
    data = write_dataset(tmp_path / "d", pictures, size=32, channels=1, about={})
    with pytest.raises(KaoganError, match="all alike"):
        measured_labels(data)
