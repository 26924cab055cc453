"""A small share of the standing attack; `make attack` is the whole."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from attack_archives import SMALL_BOMBS, archives, bombs, crafted
from attack_folders import datasets, nonsense, runs
from attack_http import requests
from attack_pictures import large, pictures

from attack import PLACE, SECONDS, Case, Fell, Tally, command, judge, table
from kaogan.errors import KaoganError

SHARE = {
    pictures: 150,
    archives: 60,
    crafted: 120,
    datasets: 60,
    runs: 8,
    nonsense: 16,
    requests: 100,
}


@pytest.mark.parametrize("make", SHARE, ids=lambda make: make.__name__)
def test_a_share_of_the_attack(make):
    with tempfile.TemporaryDirectory(prefix="kaogan-attack-", dir=PLACE) as folder:
        tally = judge(make(Path(folder), np.random.default_rng(18), SHARE[make]))
    assert tally.fell == []
    assert tally.refused > 0 or make is requests  # those are answered, or hung up on
    assert tally.tried >= SHARE[make] // 2


def test_what_falls_is_seen(tmp_path):
    """The attack would prove nothing if everything held."""

    def refuse() -> None:
        raise KaoganError("no")

    cases = [
        Case("fine", lambda: None),
        Case("refused", refuse),
        Case("crash", lambda: [][0]),
        Case("two lines", lambda: (_ for _ in ()).throw(KaoganError("a\nb"))),
        Case("left", lambda: (tmp_path / ".x.partial-1").touch(), tmp_path),
        Case("fell", lambda: (_ for _ in ()).throw(Fell("it was given away"))),
        Case("memory", lambda: print(np.ones(2**27 + 2**26).sum())),
        Case("not an error", command("no-such-command")),
    ]
    tally = judge(cases)
    assert (tally.taken, tally.refused) == (1, 2)
    assert [fault.split(":")[0] for fault in tally.fell] == [
        *("crash", "two lines", "left", "fell", "memory"),
    ]
    assert "| **all** | 8 | 1 | 2 | 5 |" in table({"all of them": tally})
    assert Tally().tried == 0
    assert SECONDS <= 60


@pytest.mark.slow
def test_small_files_that_are_large_inside(tmp_path):
    assert judge(bombs(tmp_path, np.random.default_rng(0), 5, SMALL_BOMBS)).fell == []


@pytest.mark.slow
def test_pictures_as_large_as_is_taken(tmp_path):
    assert judge(large(tmp_path, np.random.default_rng(0), 2)).fell == []
