"""Registries: components of one kind by name, in the order of registration.

A component is registered where it is defined:

    losses: Registry[Loss] = Registry("loss")

    @losses.register("hinge")
    class Hinge: ...
"""

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterable
from typing import TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

from kaogan.errors import UsageError
from kaogan.plugins import load_installed

T = TypeVar("T")


class Registry(dict[str, T]):
    """Entries by name. For an unknown name, the error suggests the nearest known one."""

    def __init__(self, noun: str) -> None:
        super().__init__()
        self.noun = noun

    def register(self, name: str) -> Callable[[T], T]:
        """A decorator that registers its object as `name`, which must be new."""
        if name in self:
            raise ValueError(f"{self.noun} {name!r} is registered already")

        def enter(entry: T) -> T:
            self[name] = entry
            return entry

        return enter

    def __missing__(self, name: str) -> T:
        load_installed()
        if name in self:
            return self[name]
        near = difflib.get_close_matches(name, self, n=1)
        known = f"known: {', '.join(self)}" if self else "it takes a plugin, --plugin FILE.py"
        hint = f"; did you mean {near[0]!r}?" if near else f"; {known}"
        raise UsageError(f"there is no {self.noun} called {name!r}{hint}")


def import_all(package: str, path: Iterable[str]) -> None:
    """Import every module of a package, which registers their components."""
    for module in pkgutil.iter_modules(path):
        importlib.import_module(f"{package}.{module.name}")


class Component(BaseModel):
    """A part of a recipe: frozen, validated, and written to JSON with its registered name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str


def by_name(registry: "Registry[type[Component]]") -> BeforeValidator:
    """Let a recipe's field read its component from JSON by its registered name."""

    def look_up(value: object) -> object:
        if isinstance(value, dict):
            return registry[str(value.get("name"))].model_validate(value)
        return value

    return BeforeValidator(look_up)
