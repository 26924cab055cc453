"""Charts: valid, described in words, and every point where it belongs."""

import math
import xml.etree.ElementTree as ET

import pytest

from kaogan.report.charts import (
    BOTTOM,
    HEIGHT,
    LEFT,
    MOST_POINTS,
    RIGHT,
    TOP,
    WIDTH,
    Line,
    Mark,
    line_chart,
    network_diagram,
    short,
    ticks,
)


def chart(lines, **options) -> ET.Element:
    labels = {"x_label": "images seen", "y_label": "loss"}
    return ET.fromstring(line_chart("c", "A <title>", "It & falls", lines, **labels | options).svg)


def places(svg: ET.Element) -> list[list[tuple[float, float]]]:
    found = []
    for line in svg.iter("polyline"):
        pairs = [pair.split(",") for pair in line.get("points", "").split()]
        found.append([(float(x), float(y)) for x, y in pairs])
    return found


def test_points_go_from_corner_to_corner():
    svg = chart([Line("a", [(0, 0.0), (100, 1.0)])], y_range=(0, 1))
    (line,) = places(svg)
    assert line == [(LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, TOP)]


def test_it_is_described_in_words_and_odd_words_are_escaped():
    svg = chart([Line("a < b", [(0, 0.0), (1, 1.0)])])
    assert svg.find("title").text == "A <title>"
    assert svg.find("desc").text == "It & falls"
    assert svg.get("aria-labelledby") == "c-title c-description"
    assert "a < b" in [text.text for text in svg.iter("text")]


def test_a_smoothed_line_shows_its_points_faintly():
    svg = chart([Line("a", [(n, float(n % 2)) for n in range(100)], smoothed=True)])
    faint, calm = (line.get("class") for line in svg.iter("polyline"))
    assert (faint, calm) == ("s1 faint", "s1")


def test_long_lines_are_thinned_and_infinity_is_left_out():
    points = [(n, math.inf if n == 5 else 1.0) for n in range(1000)]
    (line,) = places(chart([Line("a", points)]))
    assert len(line) <= MOST_POINTS
    assert all(TOP <= y <= HEIGHT - BOTTOM for _, y in line)


def test_outliers_do_not_flatten_the_rest():
    points = [(n, 1000.0 if n == 0 else 1.0) for n in range(500)]
    (line,) = places(chart([Line("a", points)]))
    assert line[-1][1] < HEIGHT - BOTTOM - 50


def test_marks_stand_at_their_images():
    svg = chart([Line("a", [(0, 0.0), (100, 1.0)])], marks=[Mark(50, "2")])
    (mark,) = [line for line in svg.iter("line") if line.get("class") == "mark"]
    assert float(mark.get("x1")) == pytest.approx((LEFT + WIDTH - RIGHT) / 2)


def test_ticks_are_round():
    assert ticks(0, 1, 5) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert ticks(0, 77_984, 5) == [0, 20_000, 40_000, 60_000]
    assert ticks(-0.3, 0.31, 3) == [-0.25, 0, 0.25]
    assert [short(n) for n in (1_500_000, 20_000, 0.25, -2)] == ["1.5 M", "20 k", "0.25", "−2"]


def test_a_diagram_has_a_box_for_each_layer_taller_for_larger_maps():
    rows = [{"shape": [8, 4, 4]}, {"shape": [3, 8, 8]}]
    ends = (("z", "latent vector"), ("G(z)", "picture"))
    drawing = network_diagram("d", "The generator", ends[0], rows, ends[1], "generator")
    svg = ET.fromstring(drawing.svg)
    boxes = [box for box in svg.iter("rect") if box.get("class") == "generator"]
    assert [float(box.get("height")) for box in boxes] == [50.0, 64.0]
    assert "8 channels of 4 × 4" in svg.find("desc").text
