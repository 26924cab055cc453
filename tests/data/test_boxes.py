import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaogan.data.boxes import Box, boxes_of, read_boxes, square
from kaogan.errors import KaoganError, UsageError

ROWS = [
    {"name": "a.png", "left": 1, "top": 2.5, "width": 30, "height": 40},
    {"name": "sub/b.png", "left": -3, "top": 0, "width": 8, "height": 9},
    {"name": "a.png", "left": 50, "top": 60, "width": 7, "height": 7},
]
BOXES = {
    "a.png": (Box(1, 2.5, 30, 40), Box(50, 60, 7, 7)),
    "sub/b.png": (Box(-3, 0, 8, 9),),
}


def as_csv(rows):
    lines = [",".join(ROWS[0]), *(",".join(map(str, row.values())) for row in rows)]
    return "\n".join(lines) + "\n"


def as_jsonl(rows):
    return "\n\n".join(json.dumps(row) for row in rows)


def test_both_kinds_of_table_say_the_same(tmp_path):
    (tmp_path / "b.csv").write_text(as_csv(ROWS), encoding="utf-8-sig")
    (tmp_path / "b.jsonl").write_text(as_jsonl(ROWS), encoding="utf-8")
    assert read_boxes(tmp_path / "b.csv") == read_boxes(tmp_path / "b.jsonl") == BOXES


def test_columns_may_have_any_order_and_others_are_ignored(tmp_path):
    file = tmp_path / "b.csv"
    file.write_text("score,height,width,top,left,name\n0.9,4,3,2,1,.\\sub\\x.png\n")
    assert read_boxes(file) == {"sub/x.png": (Box(1, 2, 3, 4),)}


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("b.csv", "a,b\n1,2\n", "line 2: name is missing"),
        ("b.csv", "name,left,top,width,height\nx,1,2,three,4\n", "line 2: width is 'three'"),
        ("b.csv", "name,left,top,width,height\nx,1,2,3\n", "line 2: height is None"),
        ("b.csv", "name,left,top,width,height\nx,1,2,0,4\n", "a number above 0"),
        ("b.csv", "name,left,top,width,height\nx,nan,2,3,4\n", "left is 'nan'"),
        ("b.csv", "name,left,top,width,height\n", "has no row"),
        ("b.jsonl", "", "has no row"),
        ("b.jsonl", '{"name": "x"}', "line 1: left is None"),
        ("b.jsonl", "[1]", "line 1: this is no JSON object"),
        ("b.jsonl", "\n{", "line 2: this is no JSON object"),
        ("b.csv", "caf\xe9", "cannot be read"),
    ],
)
def test_a_wrong_table_is_one_line(tmp_path, name, text, says):
    (tmp_path / name).write_text(text, encoding="latin-1")
    with pytest.raises(KaoganError, match=says) as caught:
        read_boxes(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_no_table(tmp_path):
    with pytest.raises(KaoganError, match="does not exist"):
        read_boxes(tmp_path / "b.csv")
    with pytest.raises(UsageError, match="crop cannot be 'center'; use centre, faces"):
        read_boxes("center")


def test_names_may_leave_the_source_out():
    assert boxes_of("pictures/a.png", BOXES) == ("a.png", BOXES["a.png"])
    assert boxes_of("pictures/sub/b.png", BOXES) == ("sub/b.png", BOXES["sub/b.png"])
    assert boxes_of("a.png", BOXES) == ("a.png", BOXES["a.png"])
    assert boxes_of("pictures/c.png", BOXES)[1] == ()


def test_a_square_has_the_middle_of_its_box():
    assert square(Box(10, 20, 30, 40), 0, 100, 100) == (5, 20, 40)
    assert square(Box(10, 20, 30, 40), 0.25, 100, 100) == (0, 10, 60)  # moved inside on the left
    assert square(Box(70, 70, 30, 30), 0.5, 100, 100) == (40, 40, 60)
    assert square(Box(0, 0, 500, 500), 4, 300, 500) == (0, 100, 300)  # no larger than the picture
    assert square(Box(101, 0, 5, 5), 1, 100, 100) is None


SIDES = st.integers(1, 3000)
PLACES = st.floats(-5000, 5000)


@given(PLACES, PLACES, st.floats(1e-3, 5000), st.floats(1e-3, 5000), st.floats(0, 4), SIDES, SIDES)
def test_squares_lie_inside(left, top, wide, tall, margin, width, height):
    found = square(Box(left, top, wide, tall), margin, width, height)
    if found is not None:
        x, y, side = found
        assert side >= 1
        assert 0 <= x <= width - side
        assert 0 <= y <= height - side
