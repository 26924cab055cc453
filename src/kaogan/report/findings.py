"""What is still wrong with a generator, in plain words, from figures alone."""

from dataclasses import dataclass

from kaogan.metrics.quick import NAMES, deciding
from kaogan.report.facts import Facts
from kaogan.report.measure import QUANTILE, Measured

FEW_PICTURES = 1000
LESS = 0.9
"""Below this share of what real pictures have, the eye sees it."""
LOUD = 3.0
"""dB of power, twice as much or half, from which a difference in fine detail is told."""
SURE_REAL, SURE_FAKE = 0.8, 0.2
"""Beyond these, averaged over the last tenth, the discriminator was ahead."""
STILL_FALLING = 0.9
"""FD over the last third fell below this share of what it was before: not at its end yet."""
HIGH_QUALITY = 0.9
"""Share of points near a mode below which the rest is worth a word."""
MANY_COPIES = 3 * QUANTILE


@dataclass(frozen=True)
class Finding:
    """A fault, or the doubt of one: in a few words, and what it is read from."""

    title: str
    text: str


def findings(facts: Facts, measured: Measured | None) -> tuple[Finding, ...]:
    """What the figures say against the generator; nothing is not a promise."""
    of_the_faces = _of_the_faces(measured) if measured else []
    return (*of_the_faces, *_of_the_training(facts))


def _of_the_faces(measured: Measured) -> list[Finding]:
    figures = {figure.name: figure for figure in measured.figures}
    kid, coverage, density = (figures[name] for name in ("KID", "coverage", "density"))
    found = []
    if kid.value > 2 * abs(kid.floor) + 0.01:
        found.append(
            Finding(
                "Drawn faces can be told from real ones",
                f"KID is {kid.value:.3g}, and {kid.floor:.3g} for real training pictures.",
            )
        )
    if coverage.value < LESS * coverage.floor:
        found.append(
            Finding(
                "Some kinds of faces are missing",
                f"{1 - coverage.value:.0%} of the held-out pictures have no drawn face near them; "
                f"for real training pictures it is {1 - coverage.floor:.0%}.",
            )
        )
    if density.value < LESS * density.floor:
        found.append(
            Finding(
                "Some faces look like no real one",
                f"Density is {density.value:.2f}, and {density.floor:.2f} for real pictures: drawn "
                "faces often lie where there are no real ones.",
            )
        )
    for what, share in (("Contrast is", measured.contrast), ("Variety is", measured.variety)):
        if share < LESS:
            words = "inside a picture" if what.startswith("Contrast") else "between pictures"
            found.append(
                Finding(
                    f"{what} too low",
                    f"The differences {words} are {share:.0%} of those of real pictures.",
                )
            )
    if abs(measured.fine) > LOUD:
        much = "too much" if measured.fine > 0 else "too little"
        signs = "noise or a checkerboard" if measured.fine > 0 else "blur"
        found.append(
            Finding(
                f"There is {much} fine detail",
                f"At the finest quarter of spatial frequencies drawn faces have "
                f"{measured.fine:+.1f} dB of the power of real ones: {signs}.",
            )
        )
    if measured.copies > MANY_COPIES:
        found.append(
            Finding(
                "It may repeat training pictures",
                f"{measured.copies:.1%} of the drawn faces are nearer to a training picture than "
                f"all but {QUANTILE:.0%} of new real ones are. Look at the nearest pairs.",
            )
        )
    return found


def _of_the_training(facts: Facts) -> list[Finding]:
    training, found = facts.training, []
    if training.end != "done":
        stopped = training.end == "stopped"
        how = (
            "was stopped before its budget was used up" if stopped else "was cut off, or still runs"
        )
        found.append(Finding("The training did not come to its end", f"It {how}."))
    if not facts.is_toy and facts.data.count < FEW_PICTURES:
        found.append(
            Finding(
                "The pictures are few",
                f"{facts.data.count:,} training pictures tempt a GAN to copy or to collapse; "
                "several thousand are needed for new faces.",
            )
        )
    last = training.curves[-max(1, len(training.curves) // 10) :]
    if last and not facts.recipe.bounds_slope:
        real, fake = (sum(r[k] for r in last) / len(last) for k in ("d_real", "d_fake"))
        if real > SURE_REAL and fake < SURE_FAKE:
            found.append(
                Finding(
                    "The discriminator was ahead",
                    f"At the end it held real pictures to be real with {real:.2f} and drawn ones "
                    f"with {fake:.2f} on average. That is usual where there is no penalty, and it "
                    "means that drawn faces still have faults which it can see.",
                )
            )
    warnings = [event for event in training.events if event.kind == "warned"]
    if warnings:
        times = "once" if len(warnings) == 1 else f"{len(warnings)} times"
        found.append(
            Finding("The health monitor warned", f"It did so {times}; see what happened, above.")
        )
    return found + _of_the_course(facts) + _of_the_points(facts)


def _of_the_points(facts: Facts) -> list[Finding]:
    """Modes of a mixture that were lost, and points that lie between modes; averaged weights."""
    found = []
    for score in facts.scores["ema"] if facts.scores else ():
        if score.get("covered", 0) < score.get("modes", 0):
            text = f"{score['covered']} of {score['modes']} modes are covered."
            found.append(Finding("Modes are missing", text))
        if score.get("high_quality", 1.0) < HIGH_QUALITY:
            text = f"{1 - score['high_quality']:.0%} of the points are near no mode."
            found.append(Finding("Points lie between the modes", text))
    return found


def _of_the_course(facts: Facts) -> list[Finding]:
    """Was the end too early, or too late?"""
    rows, best = facts.training.evaluations, facts.training.best
    if best is None or len(rows) < 3:
        return []
    key = deciding(rows)
    name = NAMES[key]
    if best["images_seen"] < 0.75 * rows[-1]["images_seen"]:
        return [
            Finding(
                "It was best before its end",
                f"{name} was lowest, {best[key]:.3g}, after {best['images_seen']:,} images and "
                f"{rows[-1][key]:.3g} at the end. That best state draws the faces here.",
            )
        ]
    before = min(row[key] for row in rows[: -max(1, len(rows) // 3)])
    if best[key] < STILL_FALLING * before:
        return [
            Finding(
                "It was still getting better",
                f"{name} fell from {before:.3g} to {best[key]:.3g} over the last third of the "
                "evaluations: longer training would probably help.",
            )
        ]
    return []
