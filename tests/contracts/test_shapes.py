"""The tests' own safety net: a wrong shape is an error while they run."""

import pytest
import torch
from jaxtyping import TypeCheckError

from kaogan.images import to_pixels
from kaogan.losses import losses
from kaogan.models import DCGAN
from kaogan.rng import latents


def test_a_wrong_rank_is_an_error():
    with pytest.raises(TypeCheckError):
        to_pixels(torch.zeros(3, 4))
    with pytest.raises(TypeCheckError):
        DCGAN(size=32, width=4).generator()(torch.zeros(100))


@pytest.mark.parametrize("name", list(losses))
def test_logits_of_unlike_batches_are_an_error(name):
    with pytest.raises(TypeCheckError):
        losses[name]().discriminator(torch.zeros(3), torch.zeros(4))


def test_a_right_shape_is_none():
    assert latents([1, 2], 3).shape == (2, 3)
