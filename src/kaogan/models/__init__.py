"""Networks. One file per model; each registers itself, and is found by its name."""

from kaogan.models.dcgan import DCGAN
from kaogan.models.registered import models

__all__ = ["DCGAN", "models"]
