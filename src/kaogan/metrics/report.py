"""The report of an evaluation: frozen, JSON both ways, with all that its values depend on."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Split = Literal["train", "held-out"]
SPLITS: tuple[Split, ...] = ("train", "held-out")


class Part(BaseModel):
    """A part of a report."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Value(Part):
    """A number, with its standard deviation where there is one."""

    value: float
    deviation: float | None = None

    def __str__(self) -> str:
        plain = f"{self.value:.4g}"
        return plain if self.deviation is None else f"{plain} ± {self.deviation:.2g}"


class MetricResult(Part):
    """The value of one metric against each split, and its floor."""

    metric: str
    label: str
    better: Literal["lower", "higher"]
    count: int
    """Pictures of each side that it was computed with."""
    against: dict[Split, Value]
    floor: Value | None
    """The metric between training and held-out pictures: the value of a perfect generator."""


class SkippedMetric(Part):
    """A metric that was not computed."""

    metric: str
    reason: str


class Copies(Part):
    """Shares of generated pictures that are nearer to a training picture than new real ones are."""

    pixels: float
    features: float
    quantile: float
    """The share expected of new pictures."""
    generated: int
    held_out: int
    searched: int
    """Training pictures searched."""
    picture: str | None


class Features(Part):
    """The feature extractor."""

    name: str
    dim: int
    checksum: str
    resize: str


class Data(Part):
    """The real pictures."""

    path: str
    fingerprint: str
    size: int
    channels: int
    train: int
    held_out: int
    filter: str | None
    """How they were resized when they were prepared; None: they were drawn at this size."""


class EvaluationReport(Part):
    """The result of `kaogan evaluate`."""

    kaogan: str
    torch: str
    device: str
    subject: dict[str, str | int | float]
    """What was evaluated (`what`), and everything that its pictures depend on."""
    data: Data
    features: Features
    count: int
    """Pictures of each side."""
    seed: int
    splits: tuple[Split, ...]
    figures: tuple[MetricResult, ...]
    left_out: tuple[SkippedMetric, ...]
    copies: Copies | None
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        """The report in words."""
        copies = [] if self.copies is None else _copies_in_words(self.copies)
        return [
            *self._head(),
            "",
            *self._table(),
            "",
            "floor: training against held-out pictures, as many: what a perfect generator gets",
            *copies,
            *(f"left out: {skipped.metric}: {skipped.reason}" for skipped in self.left_out),
            *(f"note: {note}" for note in self.notes),
        ]

    def _head(self) -> list[str]:
        about = [f"{key} {_plain(it)}" for key, it in self.subject.items() if key != "what"]
        data, features = self.data, self.features
        lines = [
            f"evaluated  {', '.join([str(self.subject['what']), *about])}",
            f"against    {data.path} ({data.fingerprint[:12]}), {data.size} x {data.size}, "
            f"{data.train:,} training and {data.held_out:,} held-out pictures; resized: "
            f"{data.filter or 'no'}",
            f"pictures   {self.count:,} of each, chosen with seed {self.seed}",
            f"features   {features.name} ({features.checksum[:12]}), {features.dim:,} of each "
            f"picture; resized: {features.resize}",
            f"with       kaogan {self.kaogan}, torch {self.torch} on {self.device}",
        ]
        if features.name != "inception":
            lines.append(
                "           These features are not Inception's: no figure is an FID, or compares "
                "with published ones"
            )
        return lines

    def _table(self) -> list[str]:
        heads = ["", *(f"against {split}" for split in self.splits), "floor", "better", "pictures"]
        rows = [heads]
        for figure in self.figures:
            values = [str(figure.against[split]) for split in self.splits]
            floor = "-" if figure.floor is None else str(figure.floor)
            rows.append([figure.label, *values, floor, figure.better, f"{figure.count:,}"])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return [
            "  ".join(
                [row[0].ljust(widths[0])]
                + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
            ).rstrip()
            for row in rows
        ]


def _plain(value: str | int | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _copies_in_words(copies: Copies) -> list[str]:
    chance = f"{copies.quantile:.0%}"
    lines = [
        f"copies: {copies.pixels:.1%} of {copies.generated:,} by pixels and {copies.features:.1%} "
        f"by features are nearer to one of {copies.searched:,} training pictures than all but "
        f"{chance} of {copies.held_out:,} held-out pictures are; {chance} would be chance"
    ]
    if copies.picture is not None:
        lines.append(
            f"look at {copies.picture}: faces, below each the training faces nearest in pixels and "
            "in features; first faces as they come, then those nearest to a training face"
        )
    return lines
