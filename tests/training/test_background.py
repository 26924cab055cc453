"""Jobs beside the training."""

import threading

import pytest

from kaogan.training.background import LIMIT, Background


def test_jobs_are_done_in_their_order_and_not_waited_for():
    background, begin, done = Background(), threading.Event(), []
    background.do(lambda: begin.wait(60) and done.append("first"))
    background.do(lambda: done.append("second"))
    assert done == []
    begin.set()
    background.wait()
    assert done == ["first", "second"]


def test_many_jobs_are_waited_for():
    """Pictures that wait take memory."""
    background, begin, done = Background(), threading.Event(), []
    for number in range(LIMIT):
        background.do(lambda number=number: begin.wait(60) and done.append(number))
    threading.Timer(0.05, begin.set).start()
    background.do(lambda: done.append(LIMIT))
    assert done[:1] == [0]
    background.wait()
    assert done == [*range(LIMIT + 1)]


def failing() -> None:
    raise OSError("no space")


def test_an_error_reaches_the_training_once_and_later_jobs_are_done():
    background, done = Background(), []
    background.do(failing)
    background._thread.submit(int).result()  # the job has ended
    with pytest.raises(OSError, match="no space"):
        background.do(lambda: done.append("next"))
    background.wait()
    assert done == ["next"]


def test_all_jobs_are_done_before_an_error_is_raised():
    background, done = Background(), []
    background.do(failing)
    background._waiting[0].exception()
    background._waiting.append(background._thread.submit(lambda: done.append("next")))
    with pytest.raises(OSError, match="no space"):
        background.wait()
    assert done == ["next"]
    background.wait()
