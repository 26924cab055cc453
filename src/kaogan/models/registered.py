"""The registry of models."""

from kaogan.registry import Component, Registry

models: Registry[type[Component]] = Registry("model")
