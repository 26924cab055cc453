"""Does a generator draw what is wished for? A judge of attributes tells.

The judge is a small network that learns the attributes from labelled real pictures, and never sees
a generated one. Where it errs on held-out real pictures, it errs on generated ones, too. So how
often it finds what was wished for stands beside how often it is right: the ratio of both is 1 for a
generator that always obeys.

Of a number, the judge tells the third of the range from 0 to 1 in which it lies.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from kaogan.images import PictureArray, Pixels, to_model
from kaogan.labels import Attribute
from kaogan.progress import Silent, Tracker
from kaogan.rng import seed_of

THIRDS = ("low", "middle", "high")
CENTRES = ("0.17", "0.50", "0.83")
"""Of the thirds: the wishes for a number."""

IMAGES, BATCH, RATE, WIDTH = 100_000, 64, 1e-3, 24
"""Of the judge: pictures seen, batch, Adam's learning rate, channels of the first map."""
CHUNK = 256
UNKNOWN = -1
FREQUENT = 0.05
"""The share of a value from which on it is worth a mention."""

Draw = Callable[[Mapping[str, str], int], Pixels]
"""So many pictures (N x H x W x C, uint8), drawn with these wishes."""


def answers(attribute: Attribute) -> tuple[str, ...]:
    """What the judge can say of an attribute."""
    return THIRDS if attribute.kind == "number" else attribute.words


def wishes_for(attribute: Attribute) -> tuple[str, ...]:
    """A wish for each of the answers."""
    return CENTRES if attribute.kind == "number" else attribute.words


def truths(attributes: Sequence[Attribute], codes: np.ndarray) -> np.ndarray:
    """The right answers (N x A) to rows of codes; `UNKNOWN` where the value is unknown."""
    found = np.full(codes.shape, UNKNOWN)
    for place, attribute in enumerate(attributes):
        column = codes[:, place]
        known = ~np.isnan(column)
        value = column[known]
        if attribute.kind == "number":
            value = np.minimum(value * len(THIRDS), len(THIRDS) - 1)
        found[known, place] = value.astype(int)
    return found


class Judge(nn.Module):
    """Pictures `N C H W` in [-1, 1] to logits of each attribute's answers, side by side."""

    def __init__(
        self, attributes: Sequence[Attribute], size: int, channels: int, width: int = WIDTH
    ) -> None:
        super().__init__()
        self.attributes = tuple(attributes)
        self.counts = [len(answers(attribute)) for attribute in attributes]
        stages = size.bit_length() - 3  # down to 4x4
        widths = [channels, *(width * min(2**stage, 8) for stage in range(stages))]
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            layers += [
                nn.Conv2d(before, after, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(inplace=True),
            ]
        layers += [nn.Flatten(), nn.Dropout(0.3), nn.Linear(16 * widths[-1], sum(self.counts))]
        self.layers = nn.Sequential(*layers)

    def forward(self, pictures: Float[Tensor, "N C H W"]) -> tuple[Float[Tensor, "N V"], ...]:
        logits: Tensor = self.layers(pictures)
        return logits.split(self.counts, 1)  # type: ignore[no-any-return, no-untyped-call]

    @torch.inference_mode()
    def judged(self, pictures: Pixels | PictureArray) -> Int64[Tensor, "N A"]:
        """The answers to pictures (N x H x W x C, uint8): places in `answers`."""
        parts = []
        for start in range(0, len(pictures), CHUNK):
            part = torch.from_numpy(np.array(pictures[start : start + CHUNK]))
            parts.append(torch.stack([each.argmax(1) for each in self(to_model(part))], 1))
        return torch.cat(parts)


def loss(logits: Sequence[Tensor], right: Int64[Tensor, "N A"]) -> Tensor:
    """The mean cross-entropy over attributes, each over the pictures whose value is known."""
    each = [
        F.cross_entropy(values, right[:, place], ignore_index=UNKNOWN)
        for place, values in enumerate(logits)
        if bool((right[:, place] != UNKNOWN).any())
    ]
    return torch.stack(each).mean()


def train_judge(
    pictures: PictureArray,
    codes: np.ndarray,
    attributes: Sequence[Attribute],
    images: int = IMAGES,
    seed: int = 0,
    tracker: Tracker | None = None,
) -> Judge:
    """A judge of these attributes.

    Args:
        pictures: the training pictures, N x H x W x C, uint8.
        codes: of their labels, N x A.
        attributes: of the codes.
        images: how many pictures it sees, with repetition.
        seed: of everything random.
        tracker: is told of every batch.

    """
    tracker = tracker or Silent()
    right = torch.from_numpy(truths(attributes, codes))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        judge = Judge(attributes, pictures.shape[1], pictures.shape[3])
        adam = torch.optim.Adam(judge.parameters(), RATE)
        steps = max(1, images // BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 3 * RATE, total_steps=steps)
        for chosen in _batches(len(pictures), steps, seed):
            x = _shifted(to_model(torch.from_numpy(np.array(pictures[chosen]))))
            error = loss(judge(x), right[torch.from_numpy(chosen)])
            adam.zero_grad()
            error.backward()  # type: ignore[no-untyped-call]
            adam.step()
            schedule.step()
            tracker.advance(len(chosen))
    return judge.eval()


def _batches(count: int, steps: int, seed: int) -> Iterator[np.ndarray]:
    """Ascending places of the pictures of each step, in shuffled epochs."""
    rng, order = np.random.default_rng(seed_of(seed)), np.empty(0, int)
    for _ in range(steps):
        while len(order) < BATCH:
            order = np.concatenate([order, rng.permutation(count)])
        yield np.sort(order[:BATCH])
        order = order[BATCH:]


def _shifted(pictures: Float[Tensor, "N C H W"], most: int = 2) -> Float[Tensor, "N C H W"]:
    """All moved by up to `most` pixels, the edges repeated: a generated face lies less exactly."""
    size = pictures.shape[-1]
    padded = F.pad(pictures, (most, most, most, most), mode="replicate")
    top, left = (int(torch.randint(0, 2 * most + 1, ())) for _ in range(2))
    return padded[:, :, top : top + size, left : left + size]


@dataclass(frozen=True)
class Obeyed:
    """How often a value was found."""

    attribute: str
    value: str
    support: float
    """Its share among the known values of the held-out pictures, 0 to 1."""
    accuracy: float
    """How often the judge finds it in held-out pictures that have it, 0 to 1; NaN without any."""
    obeyed: float
    """How often the judge finds it in pictures that were drawn with this wish, 0 to 1."""


@dataclass(frozen=True)
class Obedience:
    """How well wishes are fulfilled, value by value."""

    rows: tuple[Obeyed, ...]

    def of(self, attribute: str) -> tuple[float, float]:
        """The judge's accuracy and the share that obeys, weighted by how frequent the values are.

        So both are of pictures as they are, and a rare value counts little.
        """
        rows = [row for row in self.rows if row.attribute == attribute and row.support > 0]
        total = sum(row.support for row in rows) or 1.0
        accuracy, obeyed = (
            sum(row.support * getattr(row, name) for row in rows) / total
            for name in ("accuracy", "obeyed")
        )
        return accuracy, obeyed

    @property
    def attributes(self) -> tuple[str, ...]:
        """In the order of the rows."""
        return tuple(dict.fromkeys(row.attribute for row in self.rows))

    @property
    def about(self) -> dict[str, Any]:
        """For programs: figures of each attribute, and of each of its values."""
        return {
            name: {
                **dict(zip(("accuracy", "obeyed"), self.of(name), strict=True)),
                "values": {
                    row.value: {
                        "support": row.support,
                        "accuracy": None if math.isnan(row.accuracy) else row.accuracy,
                        "obeyed": row.obeyed,
                    }
                    for row in self.rows
                    if row.attribute == name
                },
            }
            for name in self.attributes
        }

    @property
    def lines(self) -> list[str]:
        """For people: a table, with the frequent value that is fulfilled least."""
        wide = max(len(name) for name in ("attribute", *self.attributes))
        lines = [f"{'attribute':<{wide}}  judge right  fulfilled  ratio  least"]
        for name in self.attributes:
            accuracy, obeyed = self.of(name)
            frequent = [r for r in self.rows if r.attribute == name and r.support >= FREQUENT]
            least = min(frequent, key=lambda row: row.obeyed, default=None)
            weak = f"{least.value} {least.obeyed:.0%}" if least else ""
            ratio = obeyed / accuracy if accuracy else 0.0
            lines.append(
                f"{name:<{wide}}  {accuracy:>11.0%}  {obeyed:>9.0%}  {ratio:>5.2f}  {weak}".rstrip()
            )
        return lines


def obedience(
    draw: Draw,
    judge: Judge,
    pictures: PictureArray,
    codes: np.ndarray,
    count: int = 100,
    tracker: Tracker | None = None,
) -> Obedience:
    """How often generated faces have the one thing that was wished for.

    Args:
        draw: draws with wishes.
        judge: of the attributes.
        pictures: held-out real pictures, N x H x W x C, uint8.
        codes: of their labels, N x A.
        count: pictures to draw for each value.
        tracker: is told of every picture drawn.

    """
    tracker = tracker or Silent()
    said, right = judge.judged(pictures).numpy(), truths(judge.attributes, codes)
    rows = []
    for place, attribute in enumerate(judge.attributes):
        known = right[:, place] != UNKNOWN
        for number, (value, asked) in enumerate(
            zip(answers(attribute), wishes_for(attribute), strict=True)
        ):
            having = right[:, place] == number
            found = said[having, place] == number
            drawn = judge.judged(draw({attribute.name: asked}, count))[:, place] == number
            tracker.advance(count)
            rows.append(
                Obeyed(
                    attribute.name,
                    value,
                    float(having.sum() / max(1, known.sum())),
                    float(found.mean()) if len(found) else float("nan"),
                    float(drawn.float().mean()),
                )
            )
    return Obedience(tuple(rows))
