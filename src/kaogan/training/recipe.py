"""What is trained (Recipe), on which device (Hardware), how long (Budget); its callbacks (Watch).

Recipe and data identify a run. It may be resumed with another Hardware, Budget or Watch.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, model_validator

from kaogan.augmentations import augmentations
from kaogan.contracts import Augmentation, Loss, Model, Penalty, Schedule
from kaogan.losses import NonSaturating, losses
from kaogan.losses.penalties import penalties
from kaogan.models import DCGAN, models
from kaogan.registry import Component, by_name
from kaogan.schedules import Constant, Cosine, schedules
from kaogan.training.compatibility import check_compatibility

AnyModel = Annotated[SerializeAsAny[Model], by_name(models)]
AnyLoss = Annotated[SerializeAsAny[Loss], by_name(losses)]
AnyPenalty = Annotated[SerializeAsAny[Penalty], by_name(penalties)]
AnyAugmentation = Annotated[SerializeAsAny[Augmentation], by_name(augmentations)]
AnySchedule = Annotated[SerializeAsAny[Schedule], by_name(schedules)]
Precision = Literal["auto", "fp32", "bf16", "fp16"]


class Recipe(BaseModel):
    """Everything that defines a training: frozen, validated, exact after a round trip through JSON.

    The defaults are those of the DCGAN paper. `kaogan train` uses `kaogan.recipes.standard`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: AnyModel = DCGAN()
    loss: AnyLoss = NonSaturating()
    penalties: tuple[AnyPenalty, ...] = ()
    penalty_interval: int = Field(
        default=1, ge=1, le=1000, description="penalise every k-th step, k times as much"
    )
    mirror: bool = Field(default=False, description="mirror half of the real pictures")
    mirror_until: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="share of the learning rates' fall after which mirroring ends",
    )
    augmentation: AnyAugmentation | None = Field(
        default=None, description="what samples go through before they are judged"
    )
    batch: int = Field(default=128, ge=2, le=65536, description="batch size")
    lr: float = Field(default=2e-4, gt=0, le=1, description="learning rate of Adam")
    generator_lr: float | None = Field(
        default=None, gt=0, le=1, description="learning rate of G, if it differs"
    )
    beta1: float = Field(default=0.5, ge=0, lt=1, description="Adam's first momentum")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="Adam's second momentum")
    ema_share: float = Field(
        default=0.015,
        gt=0,
        lt=1,
        description="half-life of the EMA / images seen",
    )
    lr_schedule: AnySchedule = Field(
        default=Constant(), description="factor of both learning rates"
    )
    penalty_schedule: AnySchedule = Field(
        default=Constant(), description="factor of the penalties' weights"
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="seed of everything random")

    @model_validator(mode="before")
    @classmethod
    def _older(cls, fields: Any) -> Any:
        """Older recipes have one schedule for everything: half a cosine over `anneal_images`."""
        if not isinstance(fields, dict) or "anneal_images" not in fields:
            return fields
        rest = dict(fields)
        images = rest.pop("anneal_images")
        schedule = {"name": "constant"} if images is None else {"name": "cosine", "images": images}
        return {"lr_schedule": schedule, "penalty_schedule": schedule} | rest

    @model_validator(mode="after")
    def _compatible(self) -> "Recipe":
        check_compatibility(self)
        return self

    @property
    def parts(self) -> tuple[Component, ...]:
        """Its components."""
        augmentation = (self.augmentation,) if self.augmentation else ()
        schedules = (self.lr_schedule, self.penalty_schedule)
        return (self.model, self.loss, *self.penalties, *augmentation, *schedules)

    @property
    def anneal_images(self) -> int | None:
        """Images over which learning rates fall along half a cosine; None: another schedule."""
        return self.lr_schedule.images if isinstance(self.lr_schedule, Cosine) else None

    @property
    def learning_rates(self) -> dict[str, float]:
        """Of both players, before the schedule.

        Two different ones: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule" (2017).
        """
        return {"generator": self.generator_lr or self.lr, "discriminator": self.lr}

    @property
    def mirrored_images(self) -> int | None:
        """Images of the training that are mirrored; None: all of it. 0 without mirroring.

        A training without a fall of the learning rates has no known end, so mirroring goes on.
        """
        if not self.mirror:
            return 0
        if self.anneal_images is None or self.mirror_until == 1:
            return None
        return round(self.mirror_until * self.anneal_images)

    @property
    def bounds_slope(self) -> bool:
        """Do penalties or spectral norm bound the discriminator's slope? Then the generator learns
        even from a discriminator that tells real from generated without error.
        """
        return bool(self.penalties) or self.model.norm == "spectral"

    @property
    def kinds_of_steps(self) -> tuple[bool, ...]:
        """Which steps there are: with penalties (True), without."""
        if not self.penalties:
            return (False,)
        return (True,) if self.penalty_interval == 1 else (True, False)

    def differences(self, other: "Recipe") -> list[str]:
        """`field: mine, not theirs` for every field that differs, nested ones dotted."""
        return differences(self, other)


class Hardware(BaseModel):
    """On which device, and how, a run is computed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: str = Field(default="auto", description="auto, cpu, cuda, cuda:1, mps, ...")
    precision: Precision = Field(default="auto", description="auto, fp32, bf16 or fp16")
    workers: int = Field(
        default=1, ge=1, le=64, description="threads that read ahead from the disk"
    )
    compile: bool = Field(
        default=True, description="use torch.compile and a CUDA graph on CUDA GPUs"
    )
    tune: bool = Field(
        default=True, description="on a CPU, measure which algorithm suits which convolution"
    )


class Budget(BaseModel):
    """How long to train, counted from the start of the run. The first limit reached ends it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    images: int | None = Field(default=None, ge=1, description="images seen")
    epochs: float | None = Field(
        default=None, gt=0, le=1e9, description="passes over the training pictures"
    )
    minutes: float | None = Field(
        default=None, gt=0, description="minutes of training, stops not counted"
    )

    def images_limit(self, epoch_size: int) -> int | None:
        """The budget in images seen, or None if only time limits it."""
        limits = [] if self.images is None else [self.images]
        if self.epochs is not None:
            limits.append(max(1, round(self.epochs * epoch_size)))
        return min(limits, default=None)

    def share_used(self, images_seen: int, seconds: float, epoch_size: int) -> float:
        """The used share of the budget; 1 or more ends the training."""
        limit = self.images_limit(epoch_size)
        by_images = images_seen / limit if limit else 0.0
        by_time = seconds / (60 * self.minutes) if self.minutes else 0.0
        return max(by_images, by_time)


class Watch(BaseModel):
    """How often a training is saved and evaluated."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    checkpoint_minutes: float = Field(
        default=5.0, gt=0, description="between checkpoints: so much is lost if a machine dies"
    )
    evaluate_every: int = Field(
        default=10_000, ge=0, description="images between evaluations; 0: none"
    )
    stop_when_flat: bool = Field(
        default=False, description="end the training when the faces no longer improve"
    )


def differences(one: BaseModel, other: BaseModel) -> list[str]:
    """`field: one's, not other's` for every field that differs, nested ones dotted."""
    mine, theirs = _flat(one.model_dump()), _flat(other.model_dump())
    return [
        f"{key}: {mine.get(key)}, not {theirs.get(key)}"
        for key in sorted(mine.keys() | theirs.keys())
        if mine.get(key) != theirs.get(key)
    ]


def _flat(nested: dict[str, object], prefix: str = "") -> dict[str, object]:
    """{"a": {"b": 1}, "c": [2]} to {"a.b": 1, "c.0": 2}."""
    flat: dict[str, object] = {}
    for key, value in nested.items():
        if isinstance(value, list | tuple):
            value = {str(index): each for index, each in enumerate(value)}
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
