"""The attributes of avatars as labels: 28 of each.

Categories and flags stay as they are. Hues become words for colours: a person asks for pink hair,
not for hair at 350 degrees. Numbers are scaled from their range to 0 to 1.
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from pydantic import create_model

from kaogan.data.avatars.attributes import PROBABILITIES, RANGES, Avatar, categories
from kaogan.data.avatars.palette import hair_colour
from kaogan.data.colour_words import HAIR_COLOURS, HUES, hair_word, hue_word
from kaogan.data.dataset import Dataset, json_lines, open_dataset
from kaogan.data.label_files import Codes, Labels, Origin, write_labels
from kaogan.data.writing import explained
from kaogan.errors import KaoganError, typed
from kaogan.labels import Attribute
from kaogan.records import Record

COLOURLESS = ("none", "cat_ears", "glasses")
"""Accessories without a colour of their own: ears have the hair's, glasses are thin lines."""

_COLOURS: dict[str, tuple[str, ...]] = {
    "hair_hue": HAIR_COLOURS,
    "background_hue": tuple(hue for hue in HUES if hue != "red"),  # backgrounds are pastel
}


AvatarRecord = create_model(
    "AvatarRecord",
    __base__=Record,
    **{field.name: (field.type, ...) for field in fields(Avatar)},  # type: ignore[call-overload]
)
"""A row of attributes.jsonl."""


def avatar_labels(dataset: Dataset) -> Labels:
    """The attributes of the avatars of a data set, as labels.

    Raises:
        KaoganError: it has no attributes, or they are damaged.

    """
    if not all((dataset.path / shard.attributes).is_file() for shard in dataset.shards):
        raise KaoganError(
            f"{dataset.path} has no attributes.jsonl; --labels avatars is for data sets that "
            "kaogan data avatars drew"
        )
    attributes = tuple(_attribute(field.name) for field in fields(Avatar))
    train: list[Codes] = []
    held_out: list[Codes] = []
    for shard in dataset.shards:
        rows = json_lines(dataset.path / shard.attributes, AvatarRecord)
        codes = np.array([_codes(Avatar(**row), attributes) for row in rows], np.float32)
        train.append(codes[: shard.train])
        held_out.append(codes[shard.train :])
    ranges = {
        attribute.name: RANGES[field.name]
        for field, attribute in zip(fields(Avatar), attributes, strict=True)
        if attribute.kind == "number" and RANGES[field.name] != (0.0, 1.0)
    }
    return Labels(attributes, np.concatenate([*train, *held_out]), ranges)


def write_avatar_labels(dataset: Dataset) -> Dataset:
    """Give a data set of avatars its labels, and open it again."""
    command = f"kaogan data label {typed(dataset.path)} --labels avatars"
    with explained(dataset.path, f"make its labels later: {command}"):
        write_labels(
            dataset.path, dataset.shards, avatar_labels(dataset), Origin(sources=("avatars",))
        )
    return open_dataset(dataset.path)


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


def _codes(avatar: Avatar, attributes: Sequence[Attribute]) -> list[float]:
    columns = zip(fields(Avatar), attributes, strict=True)
    return [_code(avatar, field.name, attribute) for field, attribute in columns]


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
    return float((value - low) / (high - low))


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
