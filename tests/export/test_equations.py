"""Equations are written once, in docstrings; reports and pages show those, as MathML."""

import xml.etree.ElementTree as ET

import pytest

from kaogan.export.equations import equations_of, mathml, remarks_of, summary_of
from kaogan.losses import losses
from kaogan.losses.penalties import penalties


def parsed(equation: str) -> ET.Element:
    return ET.fromstring(mathml(equation))


def read(element: ET.Element) -> str:
    return "".join(element.itertext())


@pytest.mark.parametrize("name", losses)
def test_every_loss_says_both_players_losses(name):
    found = equations_of(losses[name]())
    assert [equation.split(" = ")[0] for equation in found] == ["L_D", "L_G"]
    for equation in found:
        assert equation.count("(") == equation.count(")")
        assert equation.count("[") == equation.count("]") > 0
        assert read(parsed(equation)).startswith("ℒ")


@pytest.mark.parametrize("name", penalties)
def test_every_penalty_says_what_it_adds(name):
    found = equations_of(penalties[name]())
    assert "weight" in found[0]
    assert "λ" in read(parsed(found[0]))
    assert "‖∇C" in read(parsed(found[0]))


def test_an_equation_is_read_sign_by_sign():
    math = parsed("L_G = 1/2 E_z[(C(G(z)) - 1)^2]")
    assert read(math) == "ℒG=12𝔼z[(C(G(z))−1)2]"
    assert math.get("alttext") == "L_G = 1/2 E_z[(C(G(z)) - 1)^2]"
    (fraction,) = math.iter("mfrac")
    assert read(fraction) == "12"
    (square,) = math.iter("msup")
    assert [read(part) for part in square] == [")", "2"]


def test_a_sum_in_an_exponent_stays_together():
    (power,) = parsed("L_D = log(1 + e^(m + C(G(z))))").iter("msup")
    assert [read(part) for part in power] == ["e", "m+C(G(z))"]


def test_what_is_no_mathematics_is_escaped():
    assert "<b>" not in mathml("L_D = <b>")
    assert read(parsed("L_D = <b> x^")) == "L_D = <b> x^"


def test_remarks_are_what_stands_below_the_equations():
    (remark,) = remarks_of(losses["hinge"]())
    assert remark.startswith("D stops at a margin")


@pytest.mark.parametrize("name", losses)
def test_every_loss_is_told_in_words(name):
    assert remarks_of(losses[name]())


def test_a_penalty_is_summed_up_by_the_words_after_its_equation():
    found = [summary_of(penalties[name]()) for name in ("r1", "r2", "gradient-penalty")]
    assert found[0] == "flat where real samples are"
    assert found[1:] == ["flat where generated samples are", "slope 1 in between"]
    assert summary_of(losses["hinge"]()) == ""
