"""A registry: named things of one kind, found by name, listed in order of registration.

A new model, loss or data source registers itself where it is defined:

    losses: Registry[Loss] = Registry("loss")

    @losses.register("hinge")
    class Hinge: ...
"""

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

from kaogan.errors import UsageError
from kaogan.plugins import load_installed

T = TypeVar("T")


class Registry(Generic[T]):
    """Names to things; an unknown name is answered with the nearest known one."""

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that enters its object under `name`; a name is taken only once."""
        if name in self._entries:
            raise ValueError(f"{self.noun} {name!r} is registered already")

        def enter(entry: T) -> T:
            self._entries[name] = entry
            return entry

        return enter

    def __getitem__(self, name: str) -> T:
        if name not in self._entries:
            load_installed()
        if name in self._entries:
            return self._entries[name]
        near = difflib.get_close_matches(name, self._entries, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(self._entries)}"
        raise UsageError(f"there is no {self.noun} called {name!r}{hint}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __len__(self) -> int:
        return len(self._entries)


def import_all(package: str, path: Iterable[str]) -> None:
    """Import every module of a package, so that what they register is there."""
    for module in pkgutil.iter_modules(path):
        importlib.import_module(f"{package}.{module.name}")


class Component(BaseModel):
    """A part of a recipe: frozen, validated, written to JSON with the name that finds it again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str


def by_name(registry: "Registry[type[Component]]") -> BeforeValidator:
    """Let a recipe's field read its component back from JSON by its registered name."""

    def look_up(value: object) -> object:
        if isinstance(value, dict):
            return registry[str(value.get("name"))].model_validate(value)
        return value

    return BeforeValidator(look_up)
