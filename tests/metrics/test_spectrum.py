"""The power spectrum against its definition, and what shows in it."""

import cmath
import math

import numpy as np
import pytest
import scipy.ndimage
import torch

from kaogan.metrics.spectrum import CHUNK, ROUNDING_POWER, radial_spectrum, spectrum_distance


def noise(count, size=32, channels=3, deviation=40.0, seed=0):
    rng = torch.Generator().manual_seed(seed)
    values = 128 + deviation * torch.randn(count, size, size, channels, generator=rng)
    return values.round().clamp(0, 255).to(torch.uint8)


def blurred(images, sigma):
    smooth = scipy.ndimage.gaussian_filter(images.double().numpy(), (0, sigma, sigma, 0))
    return torch.from_numpy(smooth.round().astype(np.uint8))


def wave(cycles, size=32, amplitude=100):
    x = torch.arange(size)
    line = 127.5 + amplitude * torch.cos(2 * torch.pi * cycles * x / size)
    return line.round().to(torch.uint8)[None, None, :, None].expand(1, size, size, 1)


def test_it_is_its_definition():
    size, pictures = 6, noise(2, 6, channels=1)
    hann = [math.sin(math.pi * i / size) ** 2 for i in range(size)]
    gain = sum(w * w for w in hann) / size
    sums, counts = [0.0] * 5, [0] * 5
    for u in range(-3, 3):
        for v in range(-3, 3):
            radius = round(math.hypot(u, v))
            for picture in pictures[..., 0]:
                transform = sum(
                    (picture[y, x].item() / 127.5 - 1)
                    * (hann[y] * hann[x] / gain)
                    * cmath.exp(-2j * math.pi * (u * y + v * x) / size)
                    for y in range(size)
                    for x in range(size)
                )
                sums[radius] += abs(transform / size) ** 2
                counts[radius] += 1
    expected = [10 * math.log10(s / n + ROUNDING_POWER) for s, n in zip(sums, counts, strict=True)]
    assert radial_spectrum(pictures).tolist() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [32, 64])
def test_white_noise_is_flat(size, channels):
    spectrum = radial_spectrum(noise(200, size, channels, deviation=40))
    level = 10 * math.log10((40 / 127.5) ** 2)
    assert len(spectrum) == round(size / math.sqrt(2)) + 1
    # The first hold the mean, and like the last are of few frequencies.
    flat = spectrum[4 : size // 2]
    torch.testing.assert_close(flat, torch.full_like(flat, level), rtol=0, atol=0.3)


@pytest.mark.parametrize("cycles", [3, 8, 15])
def test_a_wave_stands_at_its_frequency(cycles):
    spectrum = radial_spectrum(wave(cycles))
    assert spectrum.argmax() == cycles
    assert spectrum[cycles] > spectrum[cycles + 3] + 20


def test_a_checkerboard_of_pixels_stands_in_the_corner():
    x = torch.arange(32)
    board = ((x[:, None] + x) % 2 * 255).to(torch.uint8)[None, :, :, None]
    assert radial_spectrum(board).argmax() >= 22
    assert radial_spectrum(board)[:15].max() < -30


def test_a_flat_picture_has_only_its_mean_and_the_floor():
    spectrum = radial_spectrum(torch.zeros(1, 32, 32, 3, dtype=torch.uint8))
    assert spectrum[0] > 20
    floor = 10 * math.log10(ROUNDING_POWER)
    assert spectrum[3:].tolist() == pytest.approx([floor] * 21)
    assert floor == pytest.approx(-52.9, abs=0.05)


def test_order_direction_and_chunks_change_nothing():
    pictures = noise(CHUNK + 9, 16, 1)
    spectrum = radial_spectrum(pictures)
    close = {"rtol": 1e-9, "atol": 1e-9}
    torch.testing.assert_close(radial_spectrum(pictures.flip(0)), spectrum, **close)
    torch.testing.assert_close(radial_spectrum(pictures.transpose(1, 2)), spectrum, **close)
    parts = [10 ** (radial_spectrum(part) / 10) * len(part) for part in pictures.split(100)]
    together = 10 * torch.log10(sum(parts) / len(pictures))
    torch.testing.assert_close(together, spectrum, **close)


def test_the_distance_is_in_decibels():
    # Half the amplitude is 6 dB less, at every frequency but the mean's.
    loud, soft = noise(300, deviation=30), noise(300, deviation=15)
    assert spectrum_distance(loud, soft) == pytest.approx(20 * math.log10(2), rel=0.05)


def test_the_distance_has_no_direction_and_is_0_for_equal_sets():
    a, b = noise(20), noise(30, seed=1, deviation=20)
    assert spectrum_distance(a, b) == spectrum_distance(b, a) > 0
    assert spectrum_distance(a, a.flip(0)) == pytest.approx(0, abs=1e-9)


def test_blur_and_noise_are_seen_the_more_the_stronger():
    real, fake = blurred(noise(100), 0.7), blurred(noise(100, seed=1), 0.7)
    blurs = [spectrum_distance(real, blurred(fake, s)) for s in (0, 0.5, 1, 2)]
    rng = torch.Generator().manual_seed(2)
    grain = torch.randn(fake.shape, generator=rng)
    grains = [
        spectrum_distance(real, (fake + s * grain).clamp(0, 255).to(torch.uint8))
        for s in (0, 5, 20, 50)
    ]
    assert blurs == sorted(blurs)
    assert grains == sorted(grains)


def test_what_has_no_spectrum_is_refused():
    with pytest.raises(ValueError, match="square"):
        radial_spectrum(noise(2)[:, :20])
    with pytest.raises(ValueError, match="square"):
        radial_spectrum(noise(2)[:0])
    with pytest.raises(ValueError, match="differ"):
        spectrum_distance(noise(2), noise(2, 16))
