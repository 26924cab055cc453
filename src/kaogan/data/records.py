"""What the JSON files of a data set hold, as models with bounds."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from kaogan.records import Count, Number, Record, Text


class WrittenRecord(Record):
    """`dataset.json` before its version is known."""

    model_config = ConfigDict(extra="allow")

    version: Count


class ShardRecord(Record):
    """A file of pictures in `dataset.json`."""

    images: Text
    train: Count
    held_out: Count


class BeforeRecord(Record):
    """What a data set was before pictures were added, in `dataset.json`."""

    fingerprint: Text
    shards: Annotated[int, Field(ge=1, le=10**6, strict=True)]
    rejected: dict[Text, Count]
    sources: list[Text]


class SummaryRecord(Record):
    """`dataset.json`. What else is in it is shown, and not used."""

    model_config = ConfigDict(extra="allow")

    version: Count
    size: Annotated[int, Field(ge=1, le=4096, strict=True)]
    channels: Literal[1, 3]
    train: Count
    held_out: Count
    rejected: dict[Text, Count]
    fingerprint: Text
    sources: list[Text] = Field(default_factory=list)
    filter: Text = ""
    crop: Text = ""
    margin: Number = 0.0
    fit: Text = ""
    background: Text = ""
    min_size: Count = 0
    max_pixels: Count = 0
    duplicates: Text = ""
    licence: Text = ""
    seed: Count = 0
    shards: list[ShardRecord] = Field(default_factory=list)
    before: list[BeforeRecord] = Field(default_factory=list)


Side = Annotated[int, Field(ge=1, le=2**31, strict=True)]


class PictureRecord(Record):
    """A row of the manifest."""

    model_config = ConfigDict(extra="allow")

    source: Text
    sha256: Text
    split: Literal["train", "held_out"]
    original_size: list[Side] = Field(default_factory=list, min_length=2, max_length=2)
    box: list[Count] = Field(default_factory=list, min_length=4, max_length=4)


class LeftOutRecord(Record):
    """A row of the pictures left out."""

    source: Text
    reason: Text
    detail: Text = ""
    repeats: Text = ""
