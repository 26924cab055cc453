"""A judge of attributes, and how often wishes are fulfilled."""

import numpy as np
import pytest
import torch

from kaogan.labels import Attribute
from kaogan.metrics.obedience import (
    THIRDS,
    UNKNOWN,
    Judge,
    Obedience,
    Obeyed,
    answers,
    loss,
    obedience,
    train_judge,
    truths,
)

COLOUR = Attribute(name="colour", kind="categories", values=("red", "green", "blue"))
BRIGHT = Attribute(name="bright", kind="number")
SHADED = Attribute(name="shaded", kind="flag")
ALL = (COLOUR, BRIGHT, SHADED)


def labelled(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of one colour, darker towards the bottom if shaded, and their codes."""
    rng = np.random.default_rng(seed)
    colour, bright = rng.integers(0, 3, count), rng.uniform(0, 1, count)
    shaded = rng.integers(0, 2, count)
    pictures = rng.normal(0, 8, (count, 32, 32, 3)) + 20
    pictures[np.arange(count), :, :, colour] += (40 + 180 * bright)[:, None, None]
    shade = np.linspace(1, 0.2, 32)[None, :, None, None]
    pictures = np.where(shaded[:, None, None, None] == 1, pictures * shade, pictures)
    codes = np.stack([colour, bright, shaded], 1).astype(np.float32)
    codes[::5, 2] = np.nan
    return pictures.clip(0, 255).astype(np.uint8), codes


@pytest.fixture(scope="module")
def judge() -> Judge:
    pictures, codes = labelled(1500, 0)
    return train_judge(pictures, codes, ALL, images=6400)


@pytest.fixture(scope="module")
def held_out() -> tuple[np.ndarray, np.ndarray]:
    return labelled(600, 1)


def test_right_answers_by_hand() -> None:
    codes = np.array([[2, 0.0, 1], [0, 0.34, np.nan], [np.nan, 1.0, 0], [1, 0.66, 0]], np.float32)
    expected = [[2, 0, 1], [0, 1, UNKNOWN], [UNKNOWN, 2, 0], [1, 1, 0]]
    assert truths(ALL, codes).tolist() == expected
    assert answers(BRIGHT) == THIRDS
    assert answers(SHADED) == ("no", "yes")


def test_what_is_unknown_teaches_nothing() -> None:
    logits = [torch.tensor([[2.0, 0.0, 0.0], [0.0, 0.0, 5.0]]), torch.zeros(2, 2)]
    right = torch.tensor([[0, UNKNOWN], [UNKNOWN, UNKNOWN]])
    expected = -torch.log_softmax(logits[0][0], 0)[0]
    torch.testing.assert_close(loss(logits, right), expected)


def test_it_learns_what_can_be_seen(judge, held_out) -> None:
    pictures, codes = held_out
    said, right = judge.judged(pictures).numpy(), truths(ALL, codes)
    for place, least in enumerate((0.98, 0.85, 0.95)):
        known = right[:, place] != UNKNOWN
        assert (said == right)[known, place].mean() > least


def test_the_same_seed_gives_the_same_judge() -> None:
    pictures, codes = labelled(100, 0)
    one, other, third = (train_judge(pictures, codes, ALL, 640, seed) for seed in (1, 1, 2))
    first = "layers.0.weight"
    assert torch.equal(one.state_dict()[first], other.state_dict()[first])
    assert not torch.equal(one.state_dict()[first], third.state_dict()[first])


def test_who_always_obeys_has_the_judges_accuracy(judge, held_out) -> None:
    """Real pictures that have what is wished for."""
    pictures, codes = held_out
    right, names = truths(ALL, codes), [attribute.name for attribute in ALL]

    def obeying(wishes: dict[str, str], count: int) -> np.ndarray:
        ((name, value),) = wishes.items()
        place = names.index(name)
        code = ALL[place].code(value)
        wanted = truths([ALL[place]], np.array([[code]]))[0, 0]
        return pictures[right[:, place] == wanted]

    found = obedience(obeying, judge, pictures, codes)
    for row in found.rows:
        assert row.obeyed == pytest.approx(row.accuracy)
    for name in names:
        accuracy, obeyed = found.of(name)
        assert obeyed == pytest.approx(accuracy)


def test_who_ignores_wishes_has_the_shares_of_the_data(judge, held_out) -> None:
    pictures, codes = held_out
    found = obedience(lambda wishes, count: pictures, judge, pictures, codes)
    by_value = {(row.attribute, row.value): row for row in found.rows}
    assert len(by_value) == 3 + 3 + 2
    for value in COLOUR.values:
        assert by_value["colour", value].obeyed == pytest.approx(1 / 3, abs=0.08)
        assert by_value["colour", value].support == pytest.approx(1 / 3, abs=0.08)
    assert by_value["shaded", "yes"].obeyed == pytest.approx(0.5, abs=0.1)


def test_frequent_values_count_more() -> None:
    rows = (
        Obeyed("hair", "black", 0.75, 0.9, 0.8),
        Obeyed("hair", "pink", 0.25, 0.5, 0.4),
        Obeyed("hair", "plaid", 0.0, float("nan"), 0.0),
        Obeyed("smile", "yes", 1.0, 1.0, 1.0),
    )
    assert Obedience(rows).of("hair") == (pytest.approx(0.8), pytest.approx(0.7))
    assert Obedience(rows).attributes == ("hair", "smile")
