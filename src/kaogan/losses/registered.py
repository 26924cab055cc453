"""The registries of adversarial losses and of penalties."""

from kaogan.contracts import Loss, Penalty
from kaogan.registry import Registry

losses: Registry[type[Loss]] = Registry("loss")
penalties: Registry[type[Penalty]] = Registry("penalty")
