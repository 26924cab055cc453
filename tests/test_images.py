import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kaogan.images import aligned_right, grid, to_model, to_pil, to_pixels

pictures = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 6), st.sampled_from([1, 3])),
)


def test_every_grey_level_survives_the_way_in_and_out():
    levels = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16, 1)
    assert torch.equal(to_pixels(to_model(levels)), levels)


@given(pictures)
def test_pictures_survive_the_way_in_and_out(stored):
    inside = to_model(torch.from_numpy(stored))
    assert inside.dtype == torch.float32
    assert inside.shape == (stored.shape[0], stored.shape[3], *stored.shape[1:3])
    assert inside.min() >= -1
    assert inside.max() <= 1
    np.testing.assert_array_equal(to_pixels(inside).numpy(), stored)


def test_the_convention_is_minus_one_to_one_and_leaves_the_input_alone():
    stored = torch.tensor([0, 255], dtype=torch.uint8).reshape(1, 1, 2, 1)
    assert to_model(stored).flatten().tolist() == [-1.0, 1.0]
    assert stored.flatten().tolist() == [0, 255]


def test_values_outside_the_range_are_clipped():
    made = torch.tensor([-7.0, -1.0, 0.0, 1.0, 7.0]).reshape(1, 1, 1, 5)
    assert to_pixels(made).flatten().tolist() == [0, 0, 128, 255, 255]


@given(
    count=st.integers(1, 12),
    columns=st.one_of(st.none(), st.integers(1, 15)),
    gap=st.integers(0, 3),
    channels=st.sampled_from([1, 3]),
)
def test_a_grid_holds_every_picture_in_its_cell_and_white_between(count, columns, gap, channels):
    height, width = 3, 4
    faces = np.stack(
        [np.full((height, width, channels), index, np.uint8) for index in range(count)]
    )
    sheet = grid(faces, columns, gap)

    across = min(columns or math.ceil(math.sqrt(count)), count)
    down = math.ceil(count / across)
    assert sheet.shape == (down * (height + gap) + gap, across * (width + gap) + gap, 3)
    cells = sheet[gap:, gap:]
    for index in range(count):
        top, left = index // across * (height + gap), index % across * (width + gap)
        assert (cells[top : top + height, left : left + width] == index).all()
    assert (sheet == 255).all(axis=-1).sum() == sheet.shape[0] * sheet.shape[1] - count * 12


def test_an_empty_grid_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        grid([])


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_pillow_sees_the_same_pixels(channels, mode):
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, channels), dtype=np.uint8)
    image = to_pil(picture)
    assert (image.mode, image.size) == (mode, (7, 5))
    np.testing.assert_array_equal(np.asarray(image).reshape(picture.shape), picture)


def test_rows_of_any_lengths_end_at_the_right():
    pictures = [np.full((2, 2, 3), grey, dtype=np.uint8) for grey in range(4)]
    greys = [int(p[0, 0, 0]) for p in aligned_right([pictures[:3], pictures[3:], pictures[1:3]])]
    assert greys == [0, 1, 2, 255, 255, 3, 1, 255, 2]
