"""The attributes of avatars as labels: 28 of each.

Categories and flags stay as they are. Hues become words for colours: a person asks for pink hair,
not for hair at 350 degrees. Numbers are scaled from their range to 0 to 1.
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from kaogan.data.avatars.attributes import PROBABILITIES, RANGES, Avatar, categories
from kaogan.data.avatars.palette import hair_colour
from kaogan.data.colour_words import HAIR_COLOURS, HUES, hair_word, hue_word
from kaogan.data.label_files import Labels
from kaogan.labels import Attribute

COLOURLESS = ("none", "cat_ears", "glasses")
"""Accessories without a colour of their own: ears have the hair's, glasses are thin lines."""

_COLOURS: dict[str, tuple[str, ...]] = {
    "hair_hue": HAIR_COLOURS,
    "background_hue": tuple(hue for hue in HUES if hue != "red"),  # backgrounds are pastel
}


def avatar_labels(avatars: Sequence[Avatar]) -> Labels:
    """The labels of avatars, in their order: 28 attributes."""
    attributes = tuple(_attribute(field.name) for field in fields(Avatar))
    columns = zip(fields(Avatar), attributes, strict=True)
    codes = np.empty((len(avatars), len(attributes)), np.float32)
    for place, (field, attribute) in enumerate(columns):
        codes[:, place] = [_code(avatar, field.name, attribute) for avatar in avatars]
    ranges = {
        attribute.name: RANGES[field.name]
        for field, attribute in zip(fields(Avatar), attributes, strict=True)
        if attribute.kind == "number" and RANGES[field.name] != (0.0, 1.0)
    }
    return Labels(attributes, codes, ranges)


def _attribute(field: str) -> Attribute:
    name = field.replace("_", "-")
    if field == "ahoge":
        return Attribute(name=name, kind="flag")
    if field in PROBABILITIES:
        return Attribute(name=name, kind="categories", values=_words(categories(field)))
    if field.endswith("_hue"):
        values = _COLOURS.get(field, HUES)
        return Attribute(name=name.replace("hue", "colour"), kind="categories", values=values)
    return Attribute(name=name, kind="number")


def _code(avatar: Avatar, field: str, attribute: Attribute) -> float:
    value: Any = getattr(avatar, field)
    if field.endswith("_hue"):
        word = _colour(avatar, field)
        return np.nan if word is None else attribute.code(word)
    if attribute.kind == "categories":
        return categories(field).index(value)
    if attribute.kind == "flag":
        return float(value)
    low, high = RANGES[field]
    return (value - low) / (high - low)


def _colour(avatar: Avatar, field: str) -> str | None:
    """The word for a colour that can be seen; None if there is nothing of that colour."""
    if field == "hair_hue":
        return hair_word(*hair_colour(avatar))
    if field == "eye_hue" and avatar.eye_state == "happy":  # both eyes are closed
        return None
    if field == "accessory_hue" and avatar.accessory in COLOURLESS:
        return None
    return hue_word(getattr(avatar, field), pastel=field == "background_hue")


def _words(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(value.replace("_", "-") for value in values)
