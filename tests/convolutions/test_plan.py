"""A plan chooses by measurement while it learns, and by memory ever after."""

import time

import pytest
import torch
from torch import Tensor

from kaogan.convolutions import Plan, plan
from kaogan.convolutions.algorithms import ALGORITHMS, LIBRARY, Library


class Slow(Library):
    """The library, and a nap."""

    name = "slow"

    def forward(self, x: Tensor, weight: Tensor) -> Tensor:
        time.sleep(0.02)
        return super().forward(x, weight)


def operands(n: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    return torch.ones(n, 3, 8, 8), torch.ones(5, 3, 4, 4), torch.ones(n, 5, 4, 4)


def carry_out(chosen: Plan) -> None:
    x, weight, g = operands()
    chosen.forward(x, weight)
    chosen.input_gradient(g, weight)
    chosen.weight_gradient(x, g)


def test_without_learning_everything_is_left_to_the_library() -> None:
    empty = Plan()
    carry_out(empty)
    assert empty.choices == {}


def test_while_learning_every_new_operation_is_measured() -> None:
    learned, noticed = Plan(), []
    with learned.learning({}, noticed.append):
        carry_out(learned)
    assert noticed == list(learned.choices)
    assert {key.split(" of ")[0] for key in learned.choices} == {
        "forward",
        "input gradient",
        "weight gradient",
    }
    assert "forward of 3x8x8 to 5x4x4 in float32" in learned.choices
    learned.forward(torch.ones(2, 3, 16, 16), torch.ones(5, 3, 4, 4))  # the lesson is over
    assert len(learned.choices) == 3


def test_another_batch_follows_the_same_plan() -> None:
    learned, noticed = Plan(), []
    with learned.learning({}, noticed.append):
        for count in (2, 3):
            x, weight, _ = operands(count)
            learned.forward(x, weight)
    assert noticed == ["forward of 3x8x8 to 5x4x4 in float32"]


def test_what_is_known_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "_fastest", lambda *_: pytest.fail("it was measured"))
    learned, key = Plan(), "forward of 3x8x8 to 5x4x4 in float32"
    with learned.learning({key: "columns", "another": "library"}):
        x, weight, _ = operands()
        learned.forward(x, weight)
    assert learned.choices == {key: "columns"}


def test_a_known_name_that_does_not_fit_is_measured_anew() -> None:
    learned, key = Plan(), "forward of 3x8x8 to 5x4x4 in bfloat16"
    x, weight, _ = operands()
    with learned.learning({key: "toom-cook-2"}):
        learned.forward(x.bfloat16(), weight.bfloat16())
    assert learned.choices[key] in ("library", "columns")


def test_names_of_another_version_are_forgotten() -> None:
    assert Plan({"a": "columns", "b": "magic"}).choices == {"a": "columns"}


def test_the_faster_one_wins_and_the_library_needs_no_lead() -> None:
    x, weight, _ = operands()

    def forward(algorithm: Library) -> Tensor:
        return algorithm.forward(x, weight)

    assert plan._fastest({"library": LIBRARY, "slow": Slow()}, forward) is LIBRARY
    twin = Library()
    chosen = plan._fastest({"library": LIBRARY, "twin": twin, "slow": Slow()}, forward)
    assert chosen in (LIBRARY, twin)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_choice_is_carried_out(name: str) -> None:
    used = Plan()
    x, weight, _ = operands()
    with used.learning({"forward of 3x8x8 to 5x4x4 in float32": name}):
        y = used.forward(x, weight)
    assert torch.allclose(y, LIBRARY.forward(x, weight), atol=1e-4)
