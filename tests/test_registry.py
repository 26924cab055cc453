from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ValidationError

from kaogan.errors import UsageError
from kaogan.registry import Component, Registry, by_name


def colours() -> Registry[int]:
    registry: Registry[int] = Registry("colour")
    for name, value in (("red", 1), ("green", 2), ("blue", 3)):
        registry.register(name)(value)
    return registry


def test_things_are_found_by_name_and_listed_in_order():
    registry = colours()
    assert list(registry) == ["red", "green", "blue"]
    assert [registry[name] for name in registry] == [1, 2, 3]
    assert len(registry) == 3
    assert "green" in registry
    assert "purple" not in registry


def test_a_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="no colour called 'gren'; did you mean 'green'"):
        colours()["gren"]


def test_a_strange_name_is_answered_with_all_names():
    with pytest.raises(UsageError, match="known: red, green, blue"):
        colours()["xyzzy"]


def test_a_name_is_taken_only_once():
    with pytest.raises(ValueError, match="'red' is registered already"):
        colours().register("red")


class Square(Component):
    name: Literal["square"] = "square"
    side: int = 1


shapes: Registry[type[Component]] = Registry("shape")
shapes.register("square")(Square)


class Drawing(BaseModel):
    shape: Annotated[Component, by_name(shapes)]


def test_a_component_is_found_again_by_its_name():
    drawing = Drawing.model_validate({"shape": {"name": "square", "side": 3}})
    assert drawing.shape == Square(side=3)
    assert Drawing(shape=Square(side=3)) == drawing


def test_a_component_is_frozen_and_knows_its_fields():
    with pytest.raises(ValidationError, match="frozen"):
        Square().side = 2
    with pytest.raises(ValidationError, match="Extra inputs"):
        Drawing.model_validate({"shape": {"name": "square", "colour": 1}})
    with pytest.raises(UsageError, match="no shape called 'circle'"):
        Drawing.model_validate({"shape": {"name": "circle"}})
    with pytest.raises(UsageError, match="no shape called 'None'"):
        Drawing.model_validate({"shape": {"side": 1}})
