"""The drawing of the architecture shows what is imported."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parent.parent


def load_tool():
    spec = importlib.util.spec_from_file_location("imports", ROOT / "tools" / "imports.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tool = load_tool()


def test_a_long_way_stands_for_its_short_cuts():
    arrows = {"a": {"b", "c"}, "b": {"c"}, "c": set()}
    assert tool.direct(arrows) == {"a": {"b"}, "b": {"c"}, "c": set()}


def test_the_drawing_is_that_of_the_imports():
    drawn = tool.TARGET.read_text(encoding="utf-8")
    assert drawn == tool.drawing(), "run: python tools/imports.py"
