import io

import nbformat
from hypothesis import given
from hypothesis import strategies as st
from nbclient import NotebookClient

from kaogan import progress
from kaogan.progress import Silent, clock, describe, track


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_plain_lines_where_there_is_no_terminal(monkeypatch):
    monkeypatch.setattr(progress._Lines, "seconds_between", 0.0)
    stream = io.StringIO()
    with track(10, "preparing", "pictures", stream=stream) as tracker:
        tracker.advance(4, "loss 0.5")
        tracker.advance(6)
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("preparing: 4/10 pictures")
    assert lines[0].endswith("loss 0.5")
    assert lines[-1].startswith("preparing: 10/10 pictures")
    assert "\x1b" not in stream.getvalue()


def test_few_lines_where_there_is_no_terminal():
    stream = io.StringIO()
    with track(1000, "preparing", "pictures", stream=stream) as tracker:
        for _ in range(1000):
            tracker.advance(1)
    assert len(stream.getvalue().splitlines()) == 1


def test_a_bar_on_a_terminal():
    stream = Terminal()
    with track(10, "preparing", "pictures", stream=stream) as tracker:
        tracker.advance(10, "loss 0.5")
    assert "10/10 pictures" in stream.getvalue()


def test_an_unknown_total():
    stream = io.StringIO()
    with track(None, "preparing", "pictures", stream=stream) as tracker:
        tracker.advance(3)
    assert stream.getvalue().startswith("preparing: 3 pictures")


def test_nothing_done_says_nothing():
    stream = io.StringIO()
    with track(3, "preparing", "pictures", stream=stream):
        pass
    Silent().advance(1, "text")
    assert stream.getvalue() == ""


def test_words():
    assert describe(300, 1000, "pictures", 2.0) == "300/1,000 pictures, 150/s, 0:05 left"
    assert describe(3, None, "images", 2.0) == "3 images, 1.5/s"
    assert describe(3, None, "images", 2.0, 0, 62.0) == "3 images, 1.5/s, 1:00 left"
    assert describe(300, 1000, "images", 2.0, 0, 3.0).endswith("0:01 left")
    assert describe(300, 1000, "images", 2.0, 0, 90.0).endswith("0:05 left")
    assert describe(300, 1000, "images", 2.0, earlier=280).startswith("300/1,000 images, 10/s")
    assert clock(3725) == "1:02:05"


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.floats(0, 10**9))
def test_any_numbers_can_be_said(done, total, seconds):
    assert "images" in describe(done, total, "images", seconds)


def test_a_bar_in_a_notebook():
    """A kernel runs it, as Jupyter does."""
    cell = nbformat.v4.new_code_cell(
        "from kaogan.progress import track\n"
        "with track(3, 'playing', 'rounds') as tracker:\n"
        "    tracker.advance(3, 'D(x) < 1')"
    )
    notebook = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    (bar,) = notebook.cells[0].outputs
    assert '<progress value="3" max="3"></progress> 3/3 rounds' in bar["data"]["text/html"]
    assert bar["data"]["text/html"].endswith("D(x) &lt; 1")
