"""The remaining faults of a generator, in plain words, from figures alone."""

from collections.abc import Iterator
from dataclasses import dataclass

from kaogan.metrics.copying import QUANTILE
from kaogan.metrics.quick import NAMES, deciding
from kaogan.report.facts import Facts, Training
from kaogan.report.measure import Measured

FEW_PICTURES = 1000
LESS = 0.9
"""Below this share of the value for real pictures, the difference is visible."""
LOUD = 3.0
"""dB of power, twice as much or half, from which a difference in fine detail is reported."""
SURE_REAL, SURE_FAKE = 0.8, 0.2
"""Beyond these, averaged over the last tenth, the discriminator was ahead."""
STILL_FALLING = 0.9
"""If FD over the last third fell below this share of what it was before, it was still falling."""
HIGH_QUALITY = 0.9
"""Below this share of points near a mode, the other points are mentioned."""
MANY_COPIES = 3 * QUANTILE


@dataclass(frozen=True)
class Finding:
    """A fault, or a possible one: in a few words, and what shows it."""

    title: str
    text: str


def findings(facts: Facts, measured: Measured | None) -> tuple[Finding, ...]:
    """The faults that the figures show. An empty list proves nothing."""
    return (
        *(_of_the_faces(measured) if measured else ()),
        *_of_the_training(facts),
        *_of_the_course(facts.training),
        *_of_the_points(facts),
    )


def _of_the_faces(measured: Measured) -> Iterator[Finding]:
    figures = {figure.name: figure for figure in measured.figures}
    kid, coverage, density = (figures[name] for name in ("KID", "coverage", "density"))
    if kid.value > 2 * abs(kid.floor) + 0.01:
        yield Finding(
            "Generated pictures can be told from real ones",
            f"KID is {kid.value:.3g}, and {kid.floor:.3g} for real training pictures.",
        )
    if coverage.value < LESS * coverage.floor:
        yield Finding(
            "Some kinds of pictures are missing",
            f"{1 - coverage.value:.0%} of the held-out pictures have no generated picture near "
            f"them; for real training pictures it is {1 - coverage.floor:.0%}.",
        )
    if density.value < LESS * density.floor:
        yield Finding(
            "Some pictures look like no real one",
            f"Density is {density.value:.2f}, and {density.floor:.2f} for real pictures: "
            "generated pictures often lie where there are no real ones.",
        )
    for what, share, place in (
        ("Contrast", measured.contrast, "inside a picture"),
        ("Variety", measured.variety, "between pictures"),
    ):
        if share < LESS:
            text = f"The differences {place} are {share:.0%} of those of real pictures."
            yield Finding(f"{what} is too low", text)
    if abs(measured.fine) > LOUD:
        much, signs = ("little", "blur")
        if measured.fine > 0:
            much, signs = ("much", "noise or a checkerboard")
        yield Finding(
            f"There is too {much} fine detail",
            f"At the finest quarter of spatial frequencies generated pictures have "
            f"{measured.fine:+.1f} dB of the power of real ones: {signs}.",
        )
    if measured.copies > MANY_COPIES:
        yield Finding(
            "It may repeat training pictures",
            f"{measured.copies:.1%} of the generated pictures lie as near to a training picture as "
            f"only {QUANTILE:.0%} of new real ones do. Look at the nearest pairs.",
        )


def _of_the_training(facts: Facts) -> Iterator[Finding]:
    training = facts.training
    if training.end != "done":
        how = "was cut off, or still runs"
        if training.end == "stopped":
            how = "was stopped before its budget was used up"
        yield Finding("The training did not come to its end", f"It {how}.")
    if not facts.is_toy and facts.data.count < FEW_PICTURES:
        yield Finding(
            "The pictures are few",
            f"{facts.data.count:,} training pictures tempt a GAN to copy or to collapse; "
            "several thousand are needed for new faces.",
        )
    last = training.curves[-max(1, len(training.curves) // 10) :]
    if last and not facts.recipe.bounds_slope:
        real, fake = (sum(r[k] for r in last) / len(last) for k in ("d_real", "d_fake"))
        if real > SURE_REAL and fake < SURE_FAKE:
            yield Finding(
                "The discriminator was ahead",
                f"At the end it gave real pictures a probability of being real of {real:.2f} on "
                f"average, and generated ones {fake:.2f}. That is usual without a penalty. It "
                "means that the discriminator still sees faults in generated pictures.",
            )
    warnings = sum(event.kind == "warned" for event in training.events)
    if warnings:
        times = "once" if warnings == 1 else f"{warnings} times"
        yield Finding("The health monitor warned", f"It did so {times}; see what happened, above.")


def _of_the_course(training: Training) -> Iterator[Finding]:
    """Was the end too early, or too late?"""
    rows, best = training.evaluations, training.best
    if best is None or len(rows) < 3:
        return
    key = deciding(rows)
    name = NAMES[key]
    before = min(row[key] for row in rows[: -max(1, len(rows) // 3)])
    if best["images_seen"] < 0.75 * rows[-1]["images_seen"]:
        yield Finding(
            "It was best before its end",
            f"{name} was lowest, {best[key]:.3g}, after {best['images_seen']:,} images and "
            f"{rows[-1][key]:.3g} at the end. The pictures here are those of that best state.",
        )
    elif best[key] < STILL_FALLING * before:
        yield Finding(
            "It was still getting better",
            f"{name} fell from {before:.3g} to {best[key]:.3g} over the last third of the "
            "evaluations: longer training would probably help.",
        )


def _of_the_points(facts: Facts) -> Iterator[Finding]:
    """Lost modes of a mixture, and points between modes; with averaged weights."""
    for score in facts.scores["ema"] if facts.scores else ():
        if score.get("covered", 0) < score.get("modes", 0):
            text = f"{score['covered']} of {score['modes']} modes are covered."
            yield Finding("Modes are missing", text)
        if score.get("high_quality", 1.0) < HIGH_QUALITY:
            text = f"{1 - score['high_quality']:.0%} of the points are near no mode."
            yield Finding("Points lie between the modes", text)
