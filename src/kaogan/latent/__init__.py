"""The latent space: walking it, steering in it, and finding pictures in it."""

from kaogan.latent.directions import Direction, Directions
from kaogan.latent.finding import find
from kaogan.latent.measured import measured_labels
from kaogan.latent.walks import arithmetic, lerp, loop, path, plane, slerp, truncate

__all__ = [
    "Direction",
    "Directions",
    "arithmetic",
    "find",
    "lerp",
    "loop",
    "measured_labels",
    "path",
    "plane",
    "slerp",
    "truncate",
]
