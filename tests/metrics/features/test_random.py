"""The features that need no download: the same everywhere, and pinned."""

import numpy as np
import pytest
import torch

from kaogan.data.avatars import draw, sample_avatar
from kaogan.errors import UsageError
from kaogan.metrics.features import load_extractor
from kaogan.metrics.features.random import natural_noise


@pytest.fixture(scope="module")
def extractor():
    return load_extractor()


@pytest.fixture(scope="module")
def avatars():
    return torch.from_numpy(np.stack([draw(sample_avatar(0, i), 64) for i in range(70)]))


def test_the_weights_are_always_the_same(extractor):
    assert extractor.checksum == (
        "58ee8d8277145f419f74fa0ceeda2d65666c93e553be3136857f8a3002fad543"
    )
    torch.manual_seed(7)
    assert load_extractor("random").checksum == extractor.checksum


def test_the_first_outputs_are_pinned(extractor):
    # A gradient in every channel: made of nothing that could change but this network.
    steps = torch.arange(64)
    picture = torch.stack(
        [steps.expand(64, 64) * 4, steps[:, None].expand(64, 64) * 3, (steps * 2).expand(64, 64)],
        -1,
    )
    features = extractor(picture.to(torch.uint8)[None])
    assert features.shape == (1, extractor.dim) == (1, 256)
    expected = torch.tensor([-1.47232, -3.51391, 0.96936, -2.35077, 1.41573, -0.22856])
    torch.testing.assert_close(features[0, :6], expected, atol=1e-4, rtol=0)


def test_a_picture_has_the_same_features_in_any_batch(extractor, avatars):
    together = extractor(avatars)  # more than one batch
    for index in (0, 63, 64, 69):
        (alone,) = extractor(avatars[index : index + 1])
        torch.testing.assert_close(alone, together[index], atol=1e-4, rtol=0)


def test_features_are_float32_with_a_mean_square_of_1(extractor, avatars):
    features = extractor(avatars)
    assert features.dtype == torch.float32
    assert not features.requires_grad
    torch.testing.assert_close(features.square().mean(1), torch.ones(70))


def test_one_flat_colour_has_finite_features(extractor):
    flat = torch.tensor([0, 255], dtype=torch.uint8)[:, None, None, None].expand(2, 64, 64, 3)
    features = extractor(flat)
    assert features.isfinite().all()
    assert not torch.equal(features[0], features[1])


def test_grey_is_grey_in_colour(extractor, avatars):
    grey = avatars[:3, :, :, :1]
    torch.testing.assert_close(extractor(grey), extractor(grey.expand(-1, -1, -1, 3)))


def test_larger_pictures_are_averaged_down(extractor, avatars):
    features = extractor(avatars[:8])
    doubled = avatars[:8].repeat_interleave(2, 1).repeat_interleave(2, 2)
    off = (extractor(doubled) - features).square().mean()
    assert off < 0.2 * (features[0] - features[1]).square().mean()


def test_noise_looks_natural():
    noise = natural_noise(torch.Generator().manual_seed(0), 64)
    assert noise.shape == (64, 3, 64, 64)
    assert noise.abs().max() <= 1
    assert noise.std() == pytest.approx(0.5, abs=0.05)
    power = torch.fft.fft2(noise).abs().square().mean((0, 1))
    # Amplitude 1 / frequency: a quarter of the power at twice the frequency.
    assert float(power[0, 4] / power[0, 8]) == pytest.approx(4, rel=0.3)
    grey = noise.mean(1, keepdim=True)
    assert grey.std() > 2 * (noise - grey).std()


def test_it_reads_no_weights(tmp_path):
    with pytest.raises(UsageError, match="no weights"):
        load_extractor("random", weights=tmp_path / "weights.pt")


def test_an_unknown_name_is_answered_with_a_known_one():
    with pytest.raises(UsageError, match="did you mean 'inception'"):
        load_extractor("inceptoin")
