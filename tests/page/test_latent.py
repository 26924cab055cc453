"""The page's arithmetic on latents, by its laws."""

import base64

import numpy as np
import pytest
import torch

from kaogan.latent.walks import slerp
from kaogan.rng import latents
from kaogan.training.callbacks.curves import smooth

A, B = latents([1, 2], 100).tolist()


def call(tab, module: str, expression: str, *values):
    """`expression` with the module's exports as `m` and the values as `v`."""
    script = f"""async ([values]) => {{
        const m = await import("./js/{module}.js");
        const v = values.map((value) => Array.isArray(value) ? Float32Array.from(value) : value);
        const result = {expression};
        return result instanceof Float32Array ? [...result] : result;
    }}"""
    return tab.evaluate(script, [list(values)])


@pytest.mark.parametrize("seeds", [(1, 2), (3, 5), (3, 3)])
def test_an_arc_is_the_one_of_kaogan(visit, seeds):
    tab = visit()
    a, b = latents(list(seeds), 100)
    moments = [0, 0.3, 0.5, 1]
    arc = [
        call(tab, "latent", "m.slerp(v[0], v[1], v[2])", a.tolist(), b.tolist(), t) for t in moments
    ]
    np.testing.assert_allclose(arc, slerp(a, b, torch.tensor(moments)), atol=1e-5)


@pytest.mark.parametrize("count", [1, 20, 500])
def test_a_curve_is_smoothed_as_kaogan_does(visit, count):
    values = latents([4], count)[0].tolist()
    smoothed = call(visit(), "curves", "m.smooth([...v[0]])", values)
    np.testing.assert_allclose(smoothed, smooth(values), rtol=1e-6, atol=1e-6)


def test_a_mixture_is_the_weighted_mean_with_the_length_kept(visit):
    tab = visit()
    mixed = np.array(call(tab, "latent", "m.mixed([v[0], v[1]], [0.25, 0.75])", A, B))
    mean = 0.25 * np.array(A) + 0.75 * np.array(B)
    length = 0.25 * np.linalg.norm(A) + 0.75 * np.linalg.norm(B)
    np.testing.assert_allclose(mixed, mean * length / np.linalg.norm(mean), rtol=1e-4, atol=1e-5)


def test_corners_are_weighted_bilinearly_and_empty_ones_hand_theirs_on(visit):
    tab = visit()

    def weights(x, y, present):
        return call(tab, "latent", "m.cornerWeights(v[0], v[1], [...v[2]])", x, y, present)

    np.testing.assert_allclose(weights(0.25, 0.5, [1, 1, 1, 1]), [0.375, 0.125, 0.375, 0.125])
    np.testing.assert_allclose(weights(0.25, 0.9, [1, 1, 0, 0]), [0.75, 0.25, 0, 0])
    np.testing.assert_allclose(weights(1, 1, [1, 1, 1, 0]), [0, 0.5, 0.5, 0])
    np.testing.assert_allclose(weights(0, 0, [0, 0, 0, 1]), [0, 0, 0, 1])


def test_half_precision_is_numpys(visit):
    values = [0.0, 1.0, -2.5, 0.1, 1e-5, 5.96e-8, 2e-8, 65504.0, 1.0009765625, 0.99975586, *A, *B]
    tab = visit()
    bits = call(tab, "base64", "[...v[0]].map(m.halfBits)", values)
    expected = np.array(values, dtype=np.float32).astype(np.float16)
    assert bits == expected.view(np.uint16).tolist()
    rounded = call(tab, "base64", "m.rounded(v[0])", values)
    np.testing.assert_array_equal(rounded, expected.astype(np.float32))


def test_a_latent_survives_its_text_exactly(visit):
    tab = visit()
    half = torch.tensor(A).half().float().tolist()
    assert call(tab, "base64", "m.decoded(m.encoded(v[0]), 100)", half) == half


def test_a_latent_in_single_precision_is_read_too(visit):
    text = base64.urlsafe_b64encode(np.array(A, dtype="<f4").tobytes()).decode().rstrip("=")
    assert call(visit(), "base64", "m.decoded(v[0], 100)", text) == A
