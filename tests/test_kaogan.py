"""The names that `import kaogan` offers."""

import numpy as np
import pytest

import kaogan


@pytest.mark.parametrize("name", kaogan.__all__)
def test_every_public_name_is_there_and_stays_what_it_is(name):
    first = getattr(kaogan, name)
    assert getattr(kaogan, name) is first


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'trainn'"):
        _ = kaogan.trainn


@pytest.mark.parametrize("name", ["faces-64", "avatars-64"])
def test_the_generators_that_come_with_kaogan_draw_varied_faces(name):
    faces = kaogan.pretrained(name).sample(16, seed=0)
    assert (faces.shape, faces.dtype) == ((16, 64, 64, 3), np.uint8)
    assert faces.astype(float).std(axis=0).mean() > 25  # noise would be alike, a collapse too
    again = kaogan.pretrained(name).sample(1, seed=5)[0]
    assert np.abs(again.astype(int) - faces[5].astype(int)).max() <= 1


def test_from_a_data_set_to_faces(tmp_path):
    dataset = kaogan.draw_avatars(tmp_path / "data", count=12, size=32, workers=1)
    recipe = kaogan.recipes.dcgan(size=32, width=4, batch=4)
    run = kaogan.train(recipe, dataset, out=tmp_path / "run", budget=kaogan.Budget(images=8))
    assert run.sample(4, seed=0).shape == (4, 32, 32, 3)
