"""Contenders with one batch, each in a process of its own, that take turns in every round."""

import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from worker import Contender, Task

CONTENDERS: dict[str, Task] = {
    # The plain PyTorch example: as people run it, with more loaders, and with its data on the GPU.
    "example": {"peer": "loader", "loaders": 2},
    "example-loaders": {"peer": "loader", "loaders": 8},
    "example-resident": {"peer": "resident"},
    # In bf16 and channels last as well.
    "example-tuned": {"peer": "tuned"},
    # kaogan. A new switch of the trainer is a line here and, if it is a function that is applied to
    # a trainer, one in `contenders.SPEEDUPS`.
    "eager": {"speedups": []},
    "recorded": {"speedups": ["record"]},
    "compiled": {"speedups": ["compile"]},
    "compiled-recorded": {"speedups": ["compile", "record"]},
    # Switches (`switches.py`) that are not in use: they must pay first.
    "products": {"speedups": ["products", "record"]},
    "padded": {"speedups": ["padded", "record"]},
    "joined": {"speedups": ["joined", "record"]},
    "drawn-inside": {"speedups": ["drawn-inside"]},
    "together": {"speedups": ["together"]},
    "switched": {"speedups": ["products", "padded", "joined", "compile", "record"]},
}
"""All that can take part, by the name that `--only` takes."""

ON_A_GPU = (
    *("example", "example-loaders", "example-resident", "example-tuned"),
    *("eager", "recorded", "compiled-recorded"),
)
ON_A_CPU = ("example", "example-resident", "eager")
"""Who takes part unless told otherwise: compiling takes minutes on a CPU, recording needs a GPU."""

PROFILED = ("eager", "recorded", "compiled", "compiled-recorded")

LOADING, BUILDING, COMPILING, TURN = 120.0, 90.0, 150.0, 60.0
"""Most seconds for a process to load, to be built, to be compiled anew, and for a turn."""
ALIKE = 4
"""Steps are counted in these: every fourth has penalties in the standard recipe."""

Say = Callable[..., None]
"""Writes a line of the results: its kind, and facts by name."""


@dataclass(frozen=True)
class Entry:
    """A contender with a recipe; the example has its own."""

    name: str
    recipe: str | None

    @staticmethod
    def all(names: Iterable[str], recipes: Sequence[str]) -> list["Entry"]:
        """Each contender, those of kaogan with each recipe."""
        return [
            Entry(name, recipe)
            for name in names
            for recipe in (recipes if is_kaogan(name) else (None,))
        ]

    @property
    def kind(self) -> Task:
        return CONTENDERS[self.name]

    def task(self, shared: Task, **more: Any) -> Task:
        recipe = self.recipe or "dcgan"
        return {**shared, "kind": self.kind, "recipe": recipe, **more}

    def facts(self) -> dict[str, Any]:
        return {"contender": self.name, "recipe": self.recipe}


def is_kaogan(name: str) -> bool:
    return "speedups" in CONTENDERS[name]


def is_compiled(name: str) -> bool:
    return "compile" in CONTENDERS[name].get("speedups", ())


class TimeIsOver(Exception):
    """No time is left, whatever is going on."""


class Stage:
    """Starts processes side by side, gives them orders, and writes down what they answer.

    `command` runs a module of this package; `left` tells the seconds that are left.
    """

    def __init__(
        self, command: Callable[[str], list[str]], say: Say, left: Callable[[], float]
    ) -> None:
        self.command, self.say, self.left = command, say, left

    def start(
        self, stack: ExitStack, module: str, tasks: Sequence[tuple[dict[str, Any], Task]]
    ) -> list[Contender]:
        """A process for each of the tasks, which have facts for the lines about them."""

        def load(named: tuple[dict[str, Any], Task]) -> Contender:
            facts, task = named
            name = " ".join(str(fact) for fact in facts.values() if fact is not None)
            limit = min(LOADING, max(self.left(), 1.0))
            return Contender(name, self.command(module), task, limit)

        with ThreadPoolExecutor(max(len(tasks), 1)) as pool:
            started = list(pool.map(load, tasks))
        stack.callback(end, started)
        for contender, (facts, _) in zip(started, tasks, strict=True):
            if contender.failure:
                self._failed(contender, facts)
        return started

    def order(
        self, contender: Contender, facts: dict[str, Any], order: str, count: int, limit: float
    ) -> Any:
        """What it answers; None, and a line, if it cannot, and from then on.

        Raises:
            TimeIsOver: no time is left for it.

        """
        if contender.failure:
            return None
        if self.left() < 1:
            raise TimeIsOver
        answer = contender.turn(order, count, min(limit, self.left()))
        if answer is None:
            if self.left() < 1:  # it was ended for that
                raise TimeIsOver
            self._failed(contender, {**facts, "order": order})
            return None
        return answer["result"]

    def _failed(self, contender: Contender, facts: dict[str, Any]) -> None:
        said = contender.said()
        self.say("failure", **facts, why=str(contender.failure), said=said[-20_000:])


def end(contenders: Sequence[Contender]) -> None:
    """End them all at once: to give up a GPU takes each of them a while."""
    with ThreadPoolExecutor(max(len(contenders), 1)) as pool:
        list(pool.map(Contender.end, contenders))


def race(
    stage: Stage,
    batch: int,
    entries: Sequence[Entry],
    shared: Task,
    rounds: int,
    seconds: float,
    profiled: Sequence[str | None],
) -> None:
    """Build all, let them take turns for some rounds, then look into each of kaogan's.

    A turn takes about `seconds`. Recipes that are `profiled` run under the profiler at the end. A
    line is written for whatever is known.
    """
    facts = [{"batch": batch, **entry.facts()} for entry in entries]
    tasks = [entry.task(shared, batch=batch) for entry in entries]
    with ExitStack() as stack:
        contenders = stage.start(stack, "contenders", list(zip(facts, tasks, strict=True)))
        field = list(zip(contenders, entries, facts, strict=True))
        for contender, entry, about in field:
            built = stage.order(contender, about, "build", 0, BUILDING)
            if built is not None:
                told = complaints(contender.said())
                stage.say("built", **about, **contender.about, **entry.kind, **built, **told)
        counts: dict[str, int] = {}
        for number in range(rounds + 1):
            for contender, _, about in field:
                count = counts.get(contender.name, ALIKE)
                step = stage.order(contender, about, "steps", count, TURN)
                if step is None:
                    continue
                if number == 0:  # warms up, and tells how many fill a turn
                    counts[contender.name] = ALIKE * max(
                        1, round(seconds / max(step, 1e-9) / ALIKE)
                    )
                else:
                    stage.say("turn", **about, round=number, steps=count, seconds=step)
        for contender, entry, about in field:
            host = stage.order(contender, about, "host", 2 * ALIKE, TURN)
            if host is not None:
                stage.say("host", **about, seconds=host)
            if not is_kaogan(entry.name):
                continue
            replay = stage.order(contender, about, "replay", 5 * ALIKE, TURN)
            if replay is not None:
                stage.say("replay", **about, seconds=replay)
            if entry.recipe in profiled and entry.name in PROFILED:
                found = stage.order(contender, about, "profile", ALIKE, TURN)
                if found is not None:
                    stage.say("profile", **about, **found)


SIGNS = {"graph_breaks": "Graph break", "recompiles": "Recompiling function"}
"""The logs of `TORCH_LOGS` that are read, and what each entry in them begins with."""
LINES = 12


def complaints(said: str) -> dict[str, Any]:
    """Graph breaks and recompilations in the logs of `TORCH_LOGS`: counts, and the first lines."""
    logs = {name: re.findall(rf"\[__{name}\] (.*)", said) for name in SIGNS}
    counts = {name: sum(sign in line for line in logs[name]) for name, sign in SIGNS.items()}
    first = [line.strip()[:200] for lines in logs.values() for line in lines[:LINES]]
    return {"logged": counts, "logged_lines": first}
