"""The rules that say what is wrong: each speaks when it should, and else is silent."""

import dataclasses

import numpy as np
import pytest

from kaogan.report.facts import gather
from kaogan.report.findings import findings
from kaogan.report.measure import FigureWithFloor, Measured, Neighbours

NONE = np.zeros((0, 8, 8, 3), np.uint8)
PERFECT = Measured(
    count=1000,
    features=("random", "0" * 64),
    figures=(
        FigureWithFloor("KID", 0.001, 0.001, "lower"),
        FigureWithFloor("coverage", 0.96, 0.96, "higher"),
        FigureWithFloor("density", 1.0, 1.0, "higher"),
        FigureWithFloor("spectrum", 0.1, 0.1, "lower"),
    ),
    contrast=1.0,
    variety=1.0,
    fine=0.0,
    copies=0.01,
    searched=1000,
    neighbours=Neighbours(NONE, NONE, NONE, NONE),
    worst=NONE,
)


@pytest.fixture
def facts(run):
    """A run whose training gives no cause for complaint."""
    rows = [{"images_seen": n, "d_real": 0.6, "d_fake": 0.4} for n in (1000, 2000)]
    found = gather(run)
    quiet = dataclasses.replace(found.training, curves=tuple(rows), evaluations=(), events=())
    return dataclasses.replace(found, training=quiet)


def titles(facts, measured=None) -> list[str]:
    return [one.title for one in findings(facts, measured)]


def with_figure(name: str, value: float) -> Measured:
    figures = [
        f if f.name != name else dataclasses.replace(f, value=value) for f in PERFECT.figures
    ]
    return dataclasses.replace(PERFECT, figures=tuple(figures))


def test_a_perfect_generator_is_not_blamed(facts):
    assert titles(facts, PERFECT) == []


@pytest.mark.parametrize(
    ("measured", "title"),
    [
        (with_figure("KID", 0.2), "Generated pictures can be told from real ones"),
        (with_figure("coverage", 0.5), "Some kinds of pictures are missing"),
        (with_figure("density", 0.5), "Some pictures look like no real one"),
        (dataclasses.replace(PERFECT, contrast=0.8), "Contrast is too low"),
        (dataclasses.replace(PERFECT, variety=0.8), "Variety is too low"),
        (dataclasses.replace(PERFECT, fine=5.0), "There is too much fine detail"),
        (dataclasses.replace(PERFECT, fine=-5.0), "There is too little fine detail"),
        (dataclasses.replace(PERFECT, copies=0.2), "It may repeat training pictures"),
    ],
)
def test_each_fault_is_named_and_no_other(facts, measured, title):
    assert titles(facts, measured) == [title]


def test_missing_kinds_are_given_as_a_share_beside_the_floor(facts):
    (found,) = findings(facts, with_figure("coverage", 0.75))
    assert "25% of the held-out pictures" in found.text
    assert "it is 4%" in found.text


def changed(facts, **changes):
    return dataclasses.replace(facts, training=dataclasses.replace(facts.training, **changes))


def test_what_the_training_says_against_it(facts):
    assert titles(changed(facts, end="stopped")) == ["The training did not come to its end"]
    ahead = ({"images_seen": 1000, "d_real": 0.95, "d_fake": 0.05},)
    assert titles(changed(facts, curves=ahead)) == ["The discriminator was ahead"]
    few = dataclasses.replace(facts, data=dataclasses.replace(facts.data, count=99))
    assert titles(few) == ["The pictures are few"]


def kids(*values: float) -> tuple[dict, ...]:
    return tuple({"images_seen": 1000 * n, "kid": kid} for n, kid in enumerate(values, start=1))


def distances(*values: float) -> tuple[dict, ...]:
    """Newer rows: not their KID decides, which is best at first."""
    return tuple(
        {"images_seen": 1000 * n, "kid": n, "fd": fd} for n, fd in enumerate(values, start=1)
    )


@pytest.mark.parametrize("rows", [kids, distances])
def test_an_end_too_early_and_one_too_late(facts, rows):
    assert titles(changed(facts, evaluations=rows(3, 2, 1))) == ["It was still getting better"]
    assert titles(changed(facts, evaluations=rows(1, 0.2, 0.5, 0.6))) == [
        "It was best before its end"
    ]
    assert titles(changed(facts, evaluations=rows(3, 1, 1.05, 0.99))) == []


def test_lost_modes_of_points_are_named(toy_run):
    facts = gather(toy_run)
    assert titles(scored(facts, modes=8, covered=8, high_quality=0.95)) == []
    assert titles(scored(facts, modes=8, covered=5, high_quality=0.5)) == [
        "Modes are missing",
        "Points lie between the modes",
    ]


def scored(facts, **score):
    quiet = dataclasses.replace(facts.training, events=())
    return dataclasses.replace(facts, training=quiet, scores={"ema": [score]})
