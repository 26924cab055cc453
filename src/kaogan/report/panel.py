"""A sheet of real and generated pictures in random order, which people tell apart.

The measure is the error on fakes of HYPE-infinity (Zhou et al. 2019, "HYPE: A Benchmark for Human
eYe Perceptual Evaluation"): the share of generated pictures that people take for real, without a
time limit. Guessing gives one half.

The two kinds differ only in their content: both are PNG files of uint8 pixels, of one size and
without a name, in an order by the seed. No answer is shown before the last one is given.
"""

import base64
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kaogan.data.dataset import Dataset
from kaogan.errors import KaoganError, UsageError
from kaogan.files import write_text
from kaogan.images import Pixels, to_pil
from kaogan.metrics.clouds import PictureSource
from kaogan.metrics.evaluate import check_shape
from kaogan.metrics.report import Split
from kaogan.page.making import style
from kaogan.records import parse_json, read_lines
from kaogan.report.pictures import data_address
from kaogan.report.render import FOLDER, render
from kaogan.rng import seed_of
from kaogan.version import __version__

COUNT = 20
"""Pictures of each kind."""
GOAL, GOAL_SIZE = 1 / 3, 64
"""Share of generated faces taken for drawn that is good enough, at this size."""
NAME = "panel"
"""Of its files: panel.html, panel.jsonl."""


class Score(BaseModel):
    """The result of one person: a line of panel.jsonl."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: AwareDatetime
    kaogan: str
    seed: int
    subject: dict[str, str | int | float]
    """The generator, and the settings of its pictures."""
    data: dict[str, str]
    """The real pictures: name, fingerprint and split."""
    generated: int = Field(ge=1)
    real: int = Field(ge=1)
    """Pictures of each kind."""
    taken_for_drawn: float = Field(ge=0, le=1)
    """Share of the generated pictures that were taken for drawn."""
    recognised: float = Field(ge=0, le=1)
    """Share of the real pictures that were taken for drawn."""

    def __str__(self) -> str:
        taken, recognised = self.taken_for_drawn, self.recognised
        return (
            f"{round(taken * self.generated)} of {self.generated} generated pictures were taken "
            f"for drawn ({taken:.0%}), {round(recognised * self.real)} of {self.real} drawn ones "
            f"were recognised ({recognised:.0%})"
        )


@dataclass(frozen=True, eq=False)
class Panel:
    """Pictures to judge, in the order in which they are shown.

    Args:
        pictures: N x H x W x C.
        generated: which of them are generated; the others are real.
        about: the fields of every `Score` of this sheet: version, seed, subject and data.

    """

    pictures: Pixels
    generated: npt.NDArray[np.bool_]
    about: Mapping[str, Any]

    def files(self, place: Path, *, served: bool) -> dict[str, bytes]:
        """The page's contents by name: index.html, style.css, js/main.js.

        Args:
            place: the panel.jsonl for scores.
            served: whether a server takes the score. Otherwise the page shows it as text.

        """
        # The key is packed so that nobody reads an answer by chance, in the source or in the
        # browser's inspector, and then cannot judge any more. It is no secret.
        key = base64.b64encode(np.packbits(self.generated).tobytes()).decode()
        sheet = {
            "pictures": [data_address(to_pil(picture), "PNG") for picture in self.pictures],
            "key": key,
            # As text: JavaScript would round large seeds.
            "about": json.dumps(self.about, separators=(",", ":")),
            "goal": GOAL if self.pictures.shape[1] == GOAL_SIZE else None,
            "place": str(place),
            "served": served,
        }
        index = render(
            "panel.html",
            sheet=sheet,
            count=len(self.pictures),
            real=int((~self.generated).sum()),
            generator=Path(str(self.about["subject"]["what"])).resolve().name,
            data=self.about["data"]["name"],
            seed=self.about["seed"],
        )
        return {
            "index.html": index.encode(),
            "style.css": style(FOLDER / "panel.css"),
            "js/main.js": (FOLDER / "js" / "panel.js").read_bytes(),
        }

    def score(self, content: bytes) -> Score:
        """The score that a page sent.

        Raises:
            ValueError: this is not a score, or it belongs to another sheet.

        """
        score = parse_json(content, Score)
        counts = {"generated": int(self.generated.sum()), "real": int((~self.generated).sum())}
        if score.model_dump(include={*self.about, *counts}) != {**self.about, **counts}:
            raise ValueError("this score is another sheet's")
        return score


def first_seed(seed: int) -> int:
    """The first seed of a sheet's generated faces, far from the seeds in documents."""
    return seed_of(seed, COUNT) % 2**32


def panel_of(
    generated: PictureSource,
    subject: Mapping[str, str | int | float],
    dataset: Dataset,
    split: Split = "held-out",
    count: int = COUNT,
    seed: int = 0,
) -> Panel:
    """A sheet of `count` generated and `count` real pictures.

    Args:
        generated: pictures of the data set's size and channels.
        subject: their generator and its settings.
        dataset: the real pictures.
        split: which of them.
        count: of each kind.
        seed: of the choice of real pictures, and of the order.

    Raises:
        UsageError: the count is below 1, or the shape of the pictures differs from the data set's.
        KaoganError: there are too few pictures of a kind.

    """
    if count < 1:
        raise UsageError(f"cannot show {count} pictures; ask for at least 1")
    there = dataset.held_out if split == "held-out" else dataset.train
    if len(there) < count:
        raise KaoganError(
            f"there are only {len(there)} {split} pictures in {dataset.path}; ask for fewer with "
            "--count" + (", or take training pictures with --split train" * (split == "held-out"))
        )
    if generated.count is not None and generated.count < count:
        raise KaoganError(
            f"there are only {generated.count} pictures to judge; ask for fewer with --count"
        )
    check_shape(generated, dataset)
    real = PictureSource.shuffled(there, seed).draw(0, count)
    rng = torch.Generator().manual_seed(seed_of(seed, count))
    order = torch.randperm(2 * count, generator=rng).numpy()
    data = {"name": dataset.path.resolve().name, "fingerprint": dataset.fingerprint[:12]}
    return Panel(
        np.concatenate([generated.draw(0, count), real])[order],
        order < count,
        {
            "kaogan": __version__,
            "seed": seed,
            "subject": dict(subject),
            "data": data | {"split": split},
        },
    )


def read_scores(file: Path) -> list[Score]:
    """The scores in a panel.jsonl. Other lines, such as edited ones, are skipped."""
    lines = read_lines(file) if file.is_file() else []
    scores = []
    for line in lines:
        with contextlib.suppress(ValueError):
            scores.append(parse_json(line, Score))
    return scores


def add_score(file: Path, score: Score) -> None:
    """Write one more line to a panel.jsonl."""
    before = file.read_text(encoding="utf-8") if file.is_file() else ""
    if before and not before.endswith("\n"):
        before += "\n"
    write_text(file, f"{before}{score.model_dump_json()}\n")
