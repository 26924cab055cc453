"""The registries of adversarial losses and of penalties."""

from kaogan.registry import Component, Registry

losses: Registry[type[Component]] = Registry("loss")
penalties: Registry[type[Component]] = Registry("penalty")
