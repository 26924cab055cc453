"""The registry of augmentations. kaogan has none of its own yet."""

from kaogan.contracts import Augmentation
from kaogan.registry import Registry

augmentations: Registry[type[Augmentation]] = Registry("augmentation")
