"""The registry of adversarial losses."""

from kaogan.registry import Component, Registry

losses: Registry[type[Component]] = Registry("loss")
