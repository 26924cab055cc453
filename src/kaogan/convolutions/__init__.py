"""The convolutions of a DCGAN, faster than the library's where a measurement says so.

Nearly all time of a training step goes into one kind of layer: a 4x4 convolution of stride 2 and
padding 1, and its transpose. Three algorithms compute it here (`algorithms`), with derivatives of
any order (`layers`); a plan says which one for which shape, measured on the machine (`plan`).
"""

from kaogan.convolutions.layers import use
from kaogan.convolutions.plan import Plan

__all__ = ["Plan", "use"]
