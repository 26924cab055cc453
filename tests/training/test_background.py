"""Jobs beside the training."""

import threading

import pytest
import torch

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
    begin = threading.Event()
    background.do(lambda: begin.wait(60) and failing())
    background.do(lambda: done.append("next"))
    begin.set()
    with pytest.raises(OSError, match="no space"):
        background.wait()
    assert done == ["next"]
    background.wait()


def test_results_come_in_the_thread_of_the_training():
    background, here = Background(), threading.get_ident()
    got = []
    for number in range(3):
        background.do(
            lambda number=number: (number, threading.get_ident()),
            lambda result: got.append((*result, threading.get_ident())),
        )
    background.wait()
    assert [(number, taker) for number, _, taker in got] == [(n, here) for n in range(3)]
    assert all(doer != here for _, doer, _ in got)


def test_what_waits_is_taken_when_it_is_done():
    background, begin, got = Background(), threading.Event(), []
    background.do(lambda: begin.wait(60), got.append)
    background.look()
    assert got == []
    begin.set()
    background._thread.submit(int).result()  # the job has ended
    background.look()
    assert got == [True]


def test_without_a_device_the_training_waits_for_what_computes():
    background, got = Background(), []
    background.compute(threading.get_ident, got.append)
    assert got == [threading.get_ident()]
    assert not background.beside


def test_with_a_device_it_goes_on():
    background, begin, got = Background(torch.device("cpu")), threading.Event(), []
    background.compute(lambda: begin.wait(60), got.append)
    assert background.beside
    assert got == []
    begin.set()
    background.wait()
    assert got == [True]
