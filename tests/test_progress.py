import io
import re

import nbformat
from hypothesis import given
from hypothesis import strategies as st
from nbclient import NotebookClient

from kaogan import progress
from kaogan.progress import Silent, Verbosity, clock, describe, fitting, set_verbosity, track


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


def last_line(stream):
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())
    return re.split(r"[\r\n]+", plain.strip())[-1].rstrip()


def test_a_bar_keeps_to_one_line_and_is_cut_from_the_end(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    stream = Terminal()
    with track(60_000, "training", "images", stream=stream) as tracker:
        tracker.advance(12_000, "FD 44.2 at 10,000  loss D 0.59 G 1.43  D(x) 0.74 D(G(z)) 0.26")
    line = last_line(stream)
    assert len(line) <= 80
    assert re.match(r"training ━+╸?\S* 12,000/60,000 images, \S+/s  FD 44.2 at 10,000", line)
    assert "D(x)" not in line


def test_figures_are_left_out_whole():
    figures = "FD 44.2 at 10,000  coverage 0.30  loss D 0.59"
    assert fitting(figures, 100) == figures
    assert fitting(figures, 33) == "FD 44.2 at 10,000  coverage 0.30"
    assert fitting(figures, 32) == "FD 44.2 at 10,000  coverage 0.30"
    assert fitting(figures, 31) == "FD 44.2 at 10,000"
    assert fitting(figures, 3) == ""


def test_after_the_last_unit_it_says_what_is_done_and_no_time_is_left(monkeypatch):
    monkeypatch.setattr(progress._Lines, "seconds_between", 0.0)
    stream = io.StringIO()
    with track(10, "training", "images", stream=stream, time_limit=1000) as tracker:
        tracker.advance(4, "loss 0.5")
        tracker.advance(6)
        tracker.doing("filming")
    running, last, filming, end = stream.getvalue().splitlines()
    assert "left" in running
    assert "left" not in last + filming + end
    assert filming == "training: 10/10 images, filming  loss 0.5"
    assert "filming" not in end


def test_work_that_ends_early_has_no_time_left():
    stream = io.StringIO()
    with track(10, "training", "images", stream=stream, time_limit=1000) as tracker:
        tracker.advance(4)
    assert "left" not in stream.getvalue()


def test_the_bar_shows_the_share_of_units_or_of_time():
    given = {"description": "", "unit": "", "stream": io.StringIO()}
    assert progress._Lines(10, done=5, time_limit=None, used=0, **given).share == 0.5
    assert progress._Lines(None, done=5, time_limit=None, used=0, **given).share is None
    by_time = progress._Lines(None, done=5, time_limit=10.0, used=30.0, **given)
    assert 0.75 <= by_time.share < 0.8
    assert progress._Lines(10, done=20, time_limit=None, used=0, **given).share == 1


def test_quiet_shows_nothing():
    stream = Terminal()
    set_verbosity(Verbosity.QUIET)
    try:
        with track(3, "preparing", "pictures", stream=stream) as tracker:
            tracker.advance(3, "text")
            tracker.doing("saving")
    finally:
        set_verbosity(Verbosity.USUAL)
    assert stream.getvalue() == ""


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
    Silent().doing("saving")
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
    assert '<progress value="1"></progress> 3/3 rounds' in bar["data"]["text/html"]
    assert bar["data"]["text/html"].endswith("D(x) &lt; 1")
