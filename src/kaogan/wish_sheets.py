"""Sheets of a face with all values of one or two attributes."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kaogan.errors import UsageError
from kaogan.generators import TrainedGenerator
from kaogan.images import Pixels
from kaogan.labels import Attribute, no_attribute

STEPS = ("0.1", "0.3", "0.5", "0.7", "0.9")
"""The values of a number that are shown."""
LETTERS, GAP = 14, 2
"""Pixels."""
MOST_FACES = 2_000


def values_of(attribute: Attribute) -> tuple[str, ...]:
    """The values that a sheet shows."""
    return STEPS if attribute.kind == "number" else attribute.words


def sheet(
    generator: TrainedGenerator,
    names: Sequence[str],
    seed: int = 0,
    count: int = 1,
    always: Mapping[str, str] | None = None,
    truncation: float = 1.0,
) -> Pixels:
    """A picture (H x W x 3, uint8), with the names of the values.

    Of one attribute, a row has the same face with each value, and there are rows of `count` faces,
    of the seeds from `seed` on. Of two, the rows are the values of the first one and the columns
    those of the second one, all of one face.

    Args:
        generator: knows labels.
        names: of one or two attributes.
        seed: of the first face.
        count: faces, for one attribute.
        always: wishes for all faces.
        truncation: of the latents.

    Raises:
        UsageError: there are no such attributes, or too many faces.

    """
    known = {attribute.name: attribute for attribute in generator.attributes}
    for name in names:
        if name not in known:
            raise UsageError(no_attribute(name, known))
    if not 1 <= len(names) <= 2 or len(set(names)) < len(names):
        raise UsageError("a sheet has one attribute or two different ones; give NAME or NAME,NAME")
    if len(names) == 2 and count > 1:
        raise UsageError("a sheet of two attributes shows one face; leave out --count")
    across = values_of(known[names[-1]])
    down = values_of(known[names[0]]) if len(names) == 2 else ()
    if len(across) * max(len(down), count) > MOST_FACES:
        raise UsageError(
            f"{len(across) * max(len(down), count):,} faces are too many for a sheet; vary one "
            "attribute alone, or fewer faces"
        )
    base = dict(always or {})
    if down:
        rows = [
            [
                generator.wishing(base | {names[0]: row, names[1]: column}).sample(
                    1, seed, truncation
                )[0]
                for column in across
            ]
            for row in down
        ]
        words = list(down)
    else:
        columns = [
            generator.wishing(base | {names[0]: value}).sample(count, seed, truncation)
            for value in across
        ]
        rows = [[column[face] for column in columns] for face in range(count)]
        words = [f"seed {seed + face}" for face in range(count)]
    return _drawn(rows, words, across)


def _drawn(rows: Sequence[Sequence[Pixels]], down: Sequence[str], across: Sequence[str]) -> Pixels:
    """The faces, each at least as wide as the words above it."""
    font = ImageFont.load_default(LETTERS)
    size = rows[0][0].shape[0]
    scale = max(1, -(-64 // size))
    side = size * scale
    left = int(max(font.getlength(word) for word in down)) + 4 * GAP
    step = max(side, int(max(font.getlength(word) for word in across))) + 2 * GAP
    top = LETTERS + 5 * GAP
    picture = Image.new(
        "RGB", (left + step * len(across), top + (side + GAP) * len(rows) + GAP), "white"
    )
    draw = ImageDraw.Draw(picture)
    for place, word in enumerate(across):
        draw.text(
            (left + place * step + step // 2, top - 3 * GAP), word, "black", font, anchor="ms"
        )
    for number, (word, row) in enumerate(zip(down, rows, strict=True)):
        y = top + number * (side + GAP)
        draw.text((left - 2 * GAP, y + side // 2), word, "black", font, anchor="rm")
        for place, face in enumerate(row):
            shown = Image.fromarray(np.repeat(face, 3, 2) if face.shape[2] == 1 else face)
            x = left + place * step + (step - side) // 2
            picture.paste(shown.resize((side, side), Image.Resampling.NEAREST), (x, y))
    return np.asarray(picture)
