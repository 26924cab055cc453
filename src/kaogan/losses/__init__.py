"""Adversarial losses, which are pure functions of real and fake logits, and penalties."""

from kaogan.losses.adversarial import Minimax, NonSaturating
from kaogan.losses.hinge import Hinge
from kaogan.losses.leastsquares import LeastSquares
from kaogan.losses.penalties import R1, R2, GradientPenalty
from kaogan.losses.registered import losses
from kaogan.losses.relativistic import Relativistic
from kaogan.losses.wasserstein import Wasserstein
from kaogan.registry import import_all

__all__ = [
    "R1",
    "R2",
    "GradientPenalty",
    "Hinge",
    "LeastSquares",
    "Minimax",
    "NonSaturating",
    "Relativistic",
    "Wasserstein",
    "losses",
]

import_all(__name__, __path__)
