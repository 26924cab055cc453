import json
import shutil

import av
import numpy as np
import pytest
import torch
from PIL import Image

from kaogan.latent.directions import Direction, Directions
from kaogan.latent.fingerprint import fingerprint
from kaogan.latent.walks import arithmetic
from kaogan.rng import latents
from kaogan.training.run import Run
from kaogan.training.sampling import draw


@pytest.fixture(scope="module")
def sampler(trained):
    return Run(trained).sampler()


@pytest.fixture
def directions(sampler, tmp_path):
    """Two made-up directions, in a file."""
    axes = np.eye(sampler.latent_dim, dtype=np.float32)

    found = tuple(
        Direction(name, "named", torch.from_numpy(axis), "low", "high", 0.5, 0.5, {name: 0.5})
        for name, axis in zip(("one", "two"), axes, strict=False)
    )
    file = tmp_path / "made" / "directions.json"
    Directions(found, (), fingerprint(sampler.generator), orthogonal=False).write(file)
    return file


def cells(file, size: int = 32) -> np.ndarray:
    """The pictures of a grid: rows x columns x H x W x 3."""
    pixels = np.asarray(Image.open(file)).astype(int)
    rows, columns = ((side - 2) // (size + 2) for side in pixels.shape[:2])
    return np.array(
        [
            [
                pixels[
                    2 + r * (size + 2) : (r + 1) * (size + 2),
                    2 + c * (size + 2) : (c + 1) * (size + 2),
                ]
                for c in range(columns)
            ]
            for r in range(rows)
        ]
    )


def face(sampler, z) -> np.ndarray:
    return next(iter(draw(sampler.generator, z[None]))).astype(int)


def test_a_film_that_loops(kaogan, trained, tmp_path):
    out = tmp_path / "walk.mp4"
    options = ["--frames", "6", "--fps", "10", "--count", "4", "--out", out, "--json"]
    outcome = kaogan("walk", trained, *options)
    assert json.loads(outcome.out)["frames"] == 6
    with av.open(str(out)) as film:
        assert film.streams.video[0].average_rate == 10
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(frames) == 6
    assert min(frames[0].shape[:2]) >= 256


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_animations(kaogan, trained, tmp_path, suffix):
    out = tmp_path / f"walk.{suffix}"
    assert kaogan("walk", trained, "--seconds", "0.4", "--fps", "10", "--out", out).status == 0
    with Image.open(out) as animation:
        assert animation.n_frames == 4


def test_a_walk_through_seeds_shows_them(kaogan, trained, sampler, tmp_path):
    out = tmp_path / "walk.png"
    kaogan("walk", trained, "--seeds", "3,5,8", "--frames", "5", "--out", out)
    (row,) = cells(out)
    for place, seed in ((0, 3), (2, 5), (4, 8)):
        assert np.abs(row[place] - face(sampler, latents([seed], sampler.latent_dim)[0])).max() <= 1


def test_the_first_seed_again_makes_a_loop(kaogan, trained, tmp_path):
    out = tmp_path / "walk.png"
    kaogan("walk", trained, "--seeds", "3,5,3", "--frames", "4", "--out", out)
    (row,) = cells(out)
    assert np.abs(row[1] - row[3]).max() <= 1  # there and back; the first would come again next
    assert (row[0] != row[2]).any()


def test_interpolation_and_truncation_matter(kaogan, trained, tmp_path):
    drawn = {}
    for name, options in {
        "slerp": [],
        "lerp": ["--interpolation", "lerp"],
        "mean": ["--truncation", "0"],
    }.items():
        out = tmp_path / f"{name}.png"
        kaogan("walk", trained, "--seeds", "3,5", "--frames", "3", "--out", out, *options)
        drawn[name] = cells(out)[0]
    assert (drawn["slerp"][0] == drawn["lerp"][0]).all()
    assert (drawn["slerp"][1] != drawn["lerp"][1]).any()
    assert (drawn["mean"][0] == drawn["mean"][1]).all()


def test_arithmetic_shows_the_means_and_the_sum(kaogan, trained, sampler, tmp_path):
    out = tmp_path / "sum.png"
    outcome = kaogan(
        "walk", trained, "--plus", "1,2,3", "--minus", "4,5", "--plus", "6", "--out", out
    )
    assert "+ mean(1,2,3) + mean(6) - mean(4,5)" in outcome.out
    grid = cells(out)
    assert grid.shape[:2] == (4, 4)
    one, six, less = (latents(seeds, sampler.latent_dim) for seeds in ([1, 2, 3], [6], [4, 5]))
    assert np.abs(grid[0, 3] - face(sampler, one.mean(0))).max() <= 1
    assert np.abs(grid[2, 0] - face(sampler, less[0])).max() <= 1
    assert np.abs(grid[3, 3] - face(sampler, arithmetic([one, six], [less]))).max() <= 1
    assert (grid[3, :3] == 255).all()


def test_a_grid_over_two_axes(kaogan, trained, sampler, directions, tmp_path):
    out = tmp_path / "grid.png"
    given = ["--axes", "one,two", "--directions", directions, "--seed", "4", "--frames", "3"]
    assert kaogan("walk", trained, *given, "--out", out).status == 0
    grid = cells(out)
    assert grid.shape[:2] == (3, 3)
    z = latents([4], sampler.latent_dim)[0]
    assert np.abs(grid[1, 1] - face(sampler, z)).max() <= 1
    z[:2] += 3.0  # the second axis goes up
    assert np.abs(grid[0, 2] - face(sampler, z)).max() <= 1


def test_faces_along_one_axis_are_rows(kaogan, trained, directions, tmp_path):
    out = tmp_path / "strip.png"
    kaogan(
        "walk", trained, "--axes", "one", "--directions", directions, "--count", "2", "--out", out
    )
    assert cells(out).shape[:2] == (2, 8)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--out", "walk.avi"], ".mp4"),
        (["--seeds", "3,x"], "no seeds"),
        (["--seeds", "3"], "two seeds"),
        (["--seeds", "3,5", "--count", "2"], "one walk"),
        (["--minus", "3"], "--plus"),
        (["--plus", "3"], "FILE.png"),
        (["--axes", "one"], "kaogan directions"),
        (["--seed", "-1"], "--seed cannot be -1; use 0 or more"),
        (["--count", "0"], "--count cannot be 0; use 1 to 64"),
        (["--frames", "1"], "frames"),
        (["--seconds", "0"], "seconds"),
        (["--fps", "0"], "1 to 60"),
        (["--truncation", "3"], "truncation"),
    ],
)
def test_a_mistake_is_one_line(kaogan, trained, tmp_path, monkeypatch, options, said):
    bare, empty = tmp_path / "run", tmp_path / "here"
    shutil.copytree(trained, bare, ignore=shutil.ignore_patterns("directions.*"))  # others' finds
    empty.mkdir()
    monkeypatch.chdir(empty)
    outcome = kaogan("walk", bare, *options)
    assert outcome.status in (1, 2)
    assert said in outcome.err.splitlines()[-1]
    assert "Traceback" not in outcome.err
    assert not list(empty.iterdir())


def test_directions_of_other_weights_are_refused(kaogan, trained, directions, tmp_path):
    options = ["--weights", "raw", "--axes", "one", "--directions", directions]
    outcome = kaogan("walk", trained, *options, "--out", tmp_path / "strip.png")
    assert "other weights" in outcome.error
    unknown = kaogan("walk", trained, "--axes", "three", "--directions", directions)
    assert "there are: one, two" in unknown.error
