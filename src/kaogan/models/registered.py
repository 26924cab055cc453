"""The registry of models."""

from kaogan.contracts import Model
from kaogan.registry import Registry

models: Registry[type[Model]] = Registry("model")
