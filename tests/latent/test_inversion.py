"""Inversion, on the drawn avatars' generator and on a small untrained one."""

import numpy as np
import pytest
import torch

from kaogan.data.avatars import draw, sample_avatar
from kaogan.errors import UsageError
from kaogan.images import to_model
from kaogan.latent.encoder_file import NAME, read_encoder
from kaogan.latent.inversion import invert, pixel_distance, refine, surprise, with_features
from kaogan.models import DCGAN
from kaogan.rng import latents
from kaogan.zoo import FOLDER, pretrained

STEPS = 120


@pytest.fixture(scope="module")
def generator():
    return pretrained("avatars-64").generator


@pytest.fixture(scope="module")
def encoder(generator):
    return read_encoder(FOLDER / "avatars-64" / NAME, generator)


def test_generated_faces_are_found_again(generator, encoder):
    z = latents([11, 12, 13, 14], 100)
    pictures = generator(z).detach()
    found = invert(generator, encoder, pictures, STEPS)
    chance = pixel_distance(pictures, pictures.roll(1, 0))
    assert found.encoded_error.mean() < 0.3 * chance.mean()
    assert found.error.mean() < 0.1 * chance.mean()
    assert torch.cosine_similarity(found.latents, z).mean() > 0.3
    torch.testing.assert_close(
        found.error, pixel_distance(pictures, generator(found.latents).detach())
    )


def test_a_drawn_avatar_gets_a_nearer_face_than_the_best_of_many(generator, encoder):
    rng = np.random.default_rng(0)
    drawn = np.stack([draw(sample_avatar(rng), 64) for _ in range(3)])
    pictures = to_model(torch.from_numpy(drawn))
    with torch.inference_mode():
        many = torch.cat([generator(latents(list(range(64)), 100))])
        best = torch.stack([(many - picture).abs().mean((1, 2, 3)).min() for picture in pictures])
    found = invert(generator, encoder, pictures, STEPS)
    assert (found.error < best).all()
    assert (found.error < 0.7 * found.encoded_error).any()
    lengths = found.latents.norm(dim=1)
    assert ((8.5 < lengths) & (lengths < 11.5)).all()
