"""Attributes, codes, label vectors and wishes."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kaogan.errors import UsageError
from kaogan.label_vectors import forgotten, random_codes, vectors, wish
from kaogan.labels import Attribute, chosen, entries
from kaogan.records import checked

HAIR = Attribute(name="hair-colour", kind="categories", values=("pink", "blue", "black"))
SMILE = Attribute(name="smile", kind="flag")
LIGHT = Attribute(name="lightness", kind="number")
ALL = (HAIR, SMILE, LIGHT)
NAN = float("nan")


def test_vectors_by_hand() -> None:
    codes = torch.tensor([[0, 1, 0.25], [2, 0, 1], [NAN, NAN, NAN], [1, NAN, 0]])
    expected = [
        [1, 0, 0, 0, 1, 0.75, 0.25],
        [0, 0, 1, 1, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 1, 0],
    ]
    assert vectors(ALL, codes).tolist() == expected
    assert entries(ALL) == 7
    assert vectors((), torch.zeros(4, 0)).shape == (4, 0)


attributes = st.one_of(
    st.builds(
        lambda count: Attribute(
            name="a", kind="categories", values=tuple(f"v{number}" for number in range(count))
        ),
        st.integers(2, 20),
    ),
    st.sampled_from([SMILE, LIGHT]),
)


@given(st.lists(attributes, min_size=1, max_size=4), st.data())
def test_entries_of_an_attribute_sum_to_one_or_are_unknown(kinds, data) -> None:
    def code(attribute: Attribute) -> st.SearchStrategy[float]:
        if attribute.kind == "number":
            return st.floats(0, 1) | st.just(NAN)
        return st.integers(0, attribute.entries - 1).map(float) | st.just(NAN)

    codes = torch.tensor([[data.draw(code(attribute)) for attribute in kinds]])
    (vector,) = vectors(kinds, codes)
    parts = vector.split([attribute.entries for attribute in kinds])
    for each, part, known in zip(kinds, parts, ~codes[0].isnan(), strict=True):
        assert part.min() >= 0
        assert part.sum().item() == pytest.approx(float(known))
        assert len(part) == each.entries


@given(st.sampled_from(ALL), st.data())
def test_values_are_read_as_they_are_written(attribute, data) -> None:
    if attribute.kind == "number":
        code = data.draw(st.integers(0, 100)) / 100
    else:
        code = float(data.draw(st.integers(0, attribute.entries - 1)))
    assert attribute.code(attribute.value(code)) == code


def test_wishes() -> None:
    asked = wish(ALL, {"smile": "yes", "hair-colour": "blue"})
    assert asked.tolist() == [[0, 1, 0, 0, 1, 0, 0]]
    assert wish(ALL, {}).tolist() == [[0] * 7]
    assert wish(ALL, {"smile": "false", "lightness": "0.5"}).tolist() == [[0, 0, 0, 1, 0, 0.5, 0.5]]


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"hair-color": "pink"}, "there is no attribute hair-color; did you mean hair-colour?"),
        ({"tail": "yes"}, "no attribute tail; there are hair-colour, smile, lightness"),
        ({"hair-colour": "pnk"}, "hair-colour cannot be pnk; did you mean pink?"),
        ({"hair-colour": "x"}, "hair-colour cannot be x; use pink, blue, black"),
        ({"smile": "0.5"}, "smile cannot be 0.5; use no, yes"),
        ({"lightness": "2"}, "lightness cannot be 2; use a number from 0 to 1"),
        ({"lightness": "nan"}, "lightness cannot be nan; use a number"),
    ],
)
def test_wrong_wishes(wishes, message) -> None:
    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        wish(ALL, wishes)


def test_choosing() -> None:
    assert chosen(ALL, ["all"]) == [0, 1, 2]
    assert chosen(ALL, ["lightness", "hair-colour"]) == [0, 2]
    with pytest.raises(UsageError, match="did you mean smile"):
        chosen(ALL, ["smiles"])
    with pytest.raises(UsageError, match="nothing is known"):
        chosen((), ["smile"])


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"name": "a b", "kind": "flag"}, "name: String should match"),
        ({"name": "a=b", "kind": "flag"}, "name: String should match"),
        ({"name": "", "kind": "flag"}, "name: String should match"),
        ({"name": "a", "kind": "colour"}, "kind: Input should be"),
        ({"name": "a", "kind": "categories"}, "needs two or more values"),
        ({"name": "a", "kind": "categories", "values": ["one"]}, "needs two or more"),
        ({"name": "a", "kind": "categories", "values": ["b", "b"]}, "each once"),
        ({"name": "a", "kind": "flag", "values": ["no", "yes"]}, "only categories have values"),
        ({"name": "a", "kind": "flag", "shares": [1.0]}, "needs a share for each value"),
        ({"name": "a", "kind": "flag", "shares": [0.2, 0.2]}, "of 1 in all"),
        ({"name": "a", "kind": "number", "shares": [0.5, 0.5]}, "needs a share for each value"),
    ],
)
def test_what_is_no_attribute(fields, fault) -> None:
    with pytest.raises(ValueError, match=fault):
        checked(fields, Attribute)


def test_every_number_of_wishes_is_equally_likely() -> None:
    rng = torch.Generator().manual_seed(0)
    count, a = 200_000, 4
    kept = forgotten(
        torch.zeros(count, a), torch.rand(count, generator=rng), torch.rand(count, a, generator=rng)
    )
    known = (~kept.isnan()).sum(1).bincount(minlength=a + 1) / count
    assert known.tolist() == pytest.approx([1 / (a + 1)] * (a + 1), abs=0.005)


def test_random_codes_are_as_frequent_as_in_the_data() -> None:
    hair = HAIR.model_copy(update={"shares": (0.7, 0.1, 0.2)})
    codes = random_codes((hair, SMILE, LIGHT), 100_000, torch.Generator().manual_seed(1))
    colour, smile, light = (column[~column.isnan()] for column in codes.T)
    assert (colour.long().bincount() / len(colour)).tolist() == pytest.approx(
        [0.7, 0.1, 0.2], abs=0.01
    )
    assert smile.mean().item() == pytest.approx(0.5, abs=0.01)
    assert light.mean().item() == pytest.approx(0.5, abs=0.01)
    assert 0 <= light.min() <= light.max() < 1
    assert random_codes((), 5, torch.Generator()).shape == (5, 0)
