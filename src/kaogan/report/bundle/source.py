"""Components as plain Python: the source of a loss, penalty or schedule without kaogan.

A class keeps its docstring and the methods that are called. A field becomes a class attribute with
its value, and its description a comment. Functions that a method calls are added. Annotations and
decorators are removed: the rest needs only torch.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

from torch.nn import functional

from kaogan import contracts
from kaogan.errors import KaoganError
from kaogan.registry import Component

BASES = {kind for kind in vars(contracts).values() if isinstance(kind, type)}
"""Classes that the program does without, or has in its own words."""

GIVEN = {"Pass", "math", "nn", "np", "torch"}
"""Names that the program has with every recipe."""


@dataclass
class Source:
    """The text of some components.

    Args:
        functional: what is imported from `torch.nn.functional`.
        parts: functions, constants and classes, each after what it needs.

    """

    functional: set[str] = field(default_factory=set)
    parts: dict[str, str] = field(default_factory=dict)

    def add(self, component: Component, methods: Iterable[str]) -> str:
        """Add a component's class with everything that it needs; returns the class's name.

        Raises:
            KaoganError: it needs something that the program cannot have, or another component of
                the same class has other fields.

        """
        kinds = [kind for kind in type(component).__mro__ if issubclass(kind, Component)]
        kinds = [kind for kind in kinds if kind not in BASES and kind is not Component]
        wanted = _reached(kinds, methods)
        # A field stays with the class that declares it. If that is a base that the program lacks,
        # it moves to the component's own class.
        homes = {
            name: next((k for k in kinds if name in vars(k).get("__annotations__", {})), kinds[0])
            for name in type(component).model_fields
            if name != "name"
        }
        for kind in reversed(kinds):
            own = [each for each in wanted if _owner(kinds, each.name) is kind]
            fields = [name for name in homes if homes[name] is kind]
            for method in own:
                self._add_names(method, sys.modules[kind.__module__])
            bases = [base.__name__ for base in kind.__bases__ if base in kinds]
            text = _class(kind, bases, component, fields, own)
            if self.parts.setdefault(kind.__name__, text) != text:
                raise KaoganError(f"the recipe has two different {kind.__name__}")
        return kinds[0].__name__

    def _add_names(self, node: ast.FunctionDef, module: ModuleType) -> None:
        """Add the functions and constants of a module that a function names."""
        for name in _loaded(node):
            if name not in vars(module) or name in GIVEN or name in self.parts:
                continue
            value = vars(module)[name]
            if value is getattr(functional, name, None):
                self.functional.add(name)
            elif isinstance(value, FunctionType):
                self._add_names(_node(value), sys.modules[value.__module__])
                self.parts[name] = _function(_node(value), _lines(value))
            elif isinstance(value, int | float | str | tuple):
                self.parts[name] = f"{name} = {value!r}"
            else:
                raise KaoganError(f"{module.__name__} uses {name}, which needs more than one file")


def _reached(kinds: list[type], methods: Iterable[str]) -> list[ast.FunctionDef]:
    """The methods of these names and those that they call on self, in the order of the file."""
    found: dict[str, ast.FunctionDef] = {}
    waiting = list(methods)
    while waiting:
        name = waiting.pop()
        owner = _owner(kinds, name)
        if name in found or owner is None:
            continue
        functions = (each for each in _node(owner).body if isinstance(each, ast.FunctionDef))
        found[name] = next(each for each in functions if each.name == name)
        for each in ast.walk(found[name]):
            match each:
                case ast.Attribute(value=ast.Name(id="self"), attr=called):
                    waiting.append(called)
    return sorted(found.values(), key=lambda node: node.lineno)


def _owner(kinds: list[type], name: str) -> type | None:
    """The class that defines the method that is called by this name."""
    methods = FunctionType | property
    return next((kind for kind in kinds if isinstance(vars(kind).get(name), methods)), None)


@cache
def _node(thing: Any) -> Any:
    """A class or function as a tree without annotations, with the line numbers of `_lines`."""
    tree = ast.parse("".join(_lines(thing))).body[0]
    for each in ast.walk(tree):
        if isinstance(each, ast.arg):
            each.annotation = None
        elif isinstance(each, ast.FunctionDef):
            each.returns = None
    return tree


@cache
def _lines(thing: Any) -> tuple[str, ...]:
    try:
        return tuple(textwrap.dedent(inspect.getsource(thing)).splitlines(keepends=True))
    except (OSError, TypeError):
        raise KaoganError(f"the source of {thing.__name__} is not at hand") from None


def _class(
    kind: type,
    bases: list[str],
    component: Component,
    fields: list[str],
    methods: list[ast.FunctionDef],
) -> str:
    lines = _lines(kind)
    first = _node(kind).body[0]
    blocks = []
    if ast.get_docstring(_node(kind)) is not None:
        blocks.append("".join(lines[first.lineno - 1 : first.end_lineno]).rstrip())
    attributes = []
    for name in fields:
        words = type(component).model_fields[name].description
        comment = f"  # {words}" if words else ""
        attributes.append(f"    {name} = {getattr(component, name)!r}{comment}")
    blocks += ["\n".join(attributes)] if attributes else []
    blocks += [_function(method, lines, "    ") for method in methods]
    inherits = f"({', '.join(bases)})" if bases else ""
    return f"class {kind.__name__}{inherits}:\n" + "\n\n".join(blocks)


def _function(node: ast.FunctionDef, lines: tuple[str, ...], indent: str = "") -> str:
    """A function, its signature without annotations, its body as it was written."""
    body = "".join(lines[node.body[0].lineno - 1 : node.end_lineno]).rstrip()
    if "property" in [ast.unparse(each) for each in node.decorator_list]:
        indent = f"{indent}@property\n{indent}"
    return f"{indent}def {node.name}({ast.unparse(node.args)}):\n{body}"


def _loaded(node: ast.FunctionDef) -> dict[str, None]:
    """The names that a function reads, in their order, without those of its decorators."""
    skipped = {each for decorator in node.decorator_list for each in ast.walk(decorator)}
    names = (each for each in ast.walk(node) if isinstance(each, ast.Name))
    return dict.fromkeys(each.id for each in names if each not in skipped)
