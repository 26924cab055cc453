"""Networks. One file per model; each registers itself, and is found by its name."""

from kaogan.models.dcgan import DCGAN
from kaogan.models.keras_dcgan import KerasDCGAN
from kaogan.models.mlp import MLP
from kaogan.models.registered import models
from kaogan.registry import import_all

__all__ = ["DCGAN", "MLP", "KerasDCGAN", "models"]

import_all(__name__, __path__)
