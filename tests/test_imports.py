"""The drawing of the architecture shows what is imported."""

from pathlib import Path

from loading import TOOLS, load

ROOT = Path(__file__).parent.parent


tool = load(TOOLS / "imports.py")


def test_a_long_way_stands_for_its_short_cuts():
    arrows = {"a": {"b", "c"}, "b": {"c"}, "c": set()}
    assert tool.direct(arrows) == {"a": {"b"}, "b": {"c"}, "c": set()}


def test_the_drawing_is_that_of_the_imports():
    drawn = tool.TARGET.read_text(encoding="utf-8")
    assert drawn == tool.drawing(), "run: python tools/imports.py"
