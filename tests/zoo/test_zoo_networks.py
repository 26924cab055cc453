"""The networks that come with kaogan fit their recipes, and are not too large."""

import pytest
import torch

from kaogan import zoo
from kaogan.errors import UsageError
from kaogan.images import to_model

LARGEST = 12e6
"""Bytes of generator, encoder and directions together."""


@pytest.mark.parametrize("name", zoo.names())
def test_they_are_small(name):
    files = [file for file in (zoo.FOLDER / name).iterdir() if file.name != zoo.DISCRIMINATOR]
    assert sum(file.stat().st_size for file in files) < LARGEST


def test_the_discriminator_of_faces_knows_faces_from_blurred_ones():
    faces = to_model(torch.from_numpy(zoo.pretrained("faces-64").sample(32)))
    blurred = torch.nn.functional.avg_pool2d(faces, 5, stride=1, padding=2)
    discriminator = zoo.pretrained_discriminator("faces-64")
    with torch.no_grad():
        sharp, soft = discriminator(faces), discriminator(blurred)
    assert (sharp > soft).all()
    # The scale of the logits depends on the penalties, so it is measured by their own spread.
    assert (sharp - soft).mean() > 2 * sharp.std()


def test_a_discriminator_that_is_not_there_is_missed_in_one_line():
    with pytest.raises(UsageError, match="no generator called"):
        zoo.pretrained_discriminator("faces-63")
