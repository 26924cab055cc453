"""How good a generator is, in words, by a fixed rule on two figures of `kaogan.metrics.quick`.

Coverage says how much of the variety of real pictures is there. It does not see blur, so KID must
be low enough, too: the word is the better one of `GRADES` only if both figures are good enough.
The thresholds were set by looking at faces of 64 x 64 pixels (benchmarks/LOG.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kaogan.metrics.quick import FIGURE, NAMES


@dataclass(frozen=True)
class Grade:
    """A word, and what is needed for it.

    Args:
        word: for people.
        coverage: as a share of that of real pictures, at least.
        kid: at most.

    """

    word: str
    coverage: float
    kid: float


GRADES = (
    Grade("very good", 0.9, 0.02),
    Grade("good", 0.6, 0.06),
    Grade("fair", 0.25, 0.3),
    Grade("weak", 0.05, 2.0),
)
"""From the best to the last."""
LOWEST = "not yet recognisable"
"""What is below all grades."""

Figures = Mapping[str, Any]
"""`kid`, `coverage` and others, as in a row of evaluation.jsonl."""


def variety(figures: Figures, floor: Figures) -> float:
    """Coverage as a share of that of real pictures, 0 to 1; without a floor coverage itself."""
    return min(1.0, float(figures["coverage"]) / max(1e-9, float(floor.get("coverage", 1.0))))


def grade(figures: Figures, floor: Figures) -> str:
    """The word for these figures; `floor` has those of real pictures, or nothing."""
    share = variety(figures, floor)
    for each in GRADES:
        if share >= each.coverage and figures["kid"] <= each.kid:
            return each.word
    return LOWEST


def sentence(figures: Figures, floor: Figures) -> str:
    """The word with its reason: "fair, about 31% of the variety of real pictures"."""
    word, share = grade(figures, floor), variety(figures, floor)
    if share < GRADES[-1].coverage:
        return f"{word}, hardly any of the variety of real pictures"
    told = f"{word}, about {share:.0%} of the variety of real pictures"
    by_variety = next(each for each in GRADES if share >= each.coverage)
    if word == by_variety.word:
        return told
    return f"{told}, but they do not look like them (KID {figures['kid']:.2f})"


def figures_in_words(figures: Figures, floor: Figures | None = None) -> str:
    """The figures with the floor: "FD 44.2 (real pictures 13.6), KID 0.090 (0.000)" and so on."""
    words: list[str] = []
    for key, digits in ((FIGURE, 1), ("kid", 3), ("coverage", 2)):
        if key in figures:
            of_real = "real pictures " if not words else ""
            beside = f" ({of_real}{abs(floor[key]):.{digits}f})" if floor and key in floor else ""
            words.append(f"{NAMES.get(key, key)} {figures[key]:.{digits}f}{beside}")
    return ", ".join(words)
