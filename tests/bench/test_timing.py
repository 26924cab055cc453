import time

import torch

from kaogan.bench.timing import repeat, seconds_of

CPU = torch.device("cpu")


def test_seconds_are_those_of_the_work():
    assert seconds_of(lambda: time.sleep(0.02), CPU) >= 0.02


def test_repeats_warm_up_and_go_on_for_as_long_as_asked():
    runs = []
    assert len(repeat(lambda: runs.append(1), CPU, seconds=0.0, least=4)) == 4
    assert len(runs) == 5
    assert sum(repeat(lambda: time.sleep(0.01), CPU, seconds=0.05, least=1)) >= 0.05
