"""What the JSON files of a run must hold (`kaogan.records`).

Fields that this version does not know are ignored, except in the rows of `.jsonl` files.
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from kaogan.plugins import PluginRecord
from kaogan.records import Count, Number, Record, Text, Versioned


class DatasetRecord(Record):
    """The data of a run: pictures in a DATASET, or points of a distribution."""

    path: Text = ""
    fingerprint: Text = ""
    absolute_path: Text | None = None
    pictures: Count | None = None
    points: Count | None = None
    labels: Text | None = None
    """The fingerprint of the labels, if there are any."""


class StartRecord(Record):
    """The networks that a run started from (`kaogan.training.start`)."""

    name: Text = Field(alias="from")
    sha256: Text = ""
    images_seen: Count | None = None
    recipe: dict[str, Any] = Field(default_factory=dict)


class BudgetRecord(Record):
    """The budget of the last start."""

    images: Count | None = None
    epochs: Number | None = None
    minutes: Number | None = None


class RunRecord(Record):
    """`run.json`. The recipe is validated where its parts are known."""

    format: Count
    kaogan: Text = "?"
    recipe: dict[str, Any]
    dataset: DatasetRecord
    budget: BudgetRecord = BudgetRecord()
    precision: Literal["fp32", "bf16", "fp16"]
    convolutions: dict[Text, Text] = Field(default_factory=dict)
    versions: dict[Text, Text] = Field(default_factory=dict)
    hardware: Text = ""
    start: StartRecord | None = None
    plugins: tuple[PluginRecord, ...] = ()


class SealedRecord(Versioned):
    """`state.json` of a checkpoint before its seal was checked."""

    seal: Text
    sha256: Text


class StateRecord(Record):
    """`state.json` of a checkpoint: the numbers of the state."""

    format: Count
    kaogan: Text = "?"
    recipe: dict[str, Any]
    images_seen: Count
    seconds: Annotated[Number, Field(ge=0)]
    attempt: Count
    scalers: dict[Text, dict[str, Any]]


class RowRecord(Record):
    """A row of a `.jsonl` file."""

    model_config = ConfigDict(extra="allow")

    images_seen: Count


class MetricsRecord(RowRecord):
    """A row of `metrics.jsonl`."""

    loss_d: Number
    loss_g: Number
    d_real: Number
    d_fake: Number


class FiguresRecord(Record):
    """`floor.json`, the metrics of real pictures. Older versions wrote fewer metrics: what is
    missing in a file is missing in what is read, too, and has no default.
    """

    model_config = ConfigDict(extra="allow")

    kid: Number
    coverage: Number
    fd: Number = 0.0
    recall: Number = 0.0
    density: Number = 0.0
    features: Text = ""


class EvaluationRecord(RowRecord, FiguresRecord):
    """A row of `evaluation.jsonl`."""

    seconds: Number = 0.0
    end: bool = False


class ModesRecord(Record):
    """The scores of a generator of points, for a mixture of normal distributions."""

    modes: Count
    covered: Count
    high_quality: Number
    reverse_kl: Number | None
    mean: Annotated[tuple[Number, ...], Field(min_length=1)]
    std: Annotated[tuple[Number, ...], Field(min_length=1)]


class CoverageRecord(Record):
    """The same for other distributions."""

    density: Number
    coverage: Number
    mean: Annotated[tuple[Number, ...], Field(min_length=1)]
    std: Annotated[tuple[Number, ...], Field(min_length=1)]


Scores = Annotated[tuple[ModesRecord | CoverageRecord, ...], Field(min_length=1)]


class ScoresRecord(Record):
    """`toy.json`: the scores of every copy of the generator, by weights."""

    data: Text = ""
    images_seen: Count
    steps: Count = 0
    seconds: Number = 0.0
    points: Count = 0
    ema: Scores
    raw: Scores
