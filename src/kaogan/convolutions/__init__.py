"""The convolutions of a DCGAN, by algorithms that are faster than the library's where measured so.

One kind of layer takes nearly all time of a training step: a 4x4 convolution of stride 2 and
padding 1, and its transpose. Three algorithms compute it (`algorithms`), with derivatives of any
order (`layers`). A plan chooses one for each shape by measurement (`plan`).
"""

from kaogan.convolutions.layers import PRODUCTS, use
from kaogan.convolutions.plan import Plan

__all__ = ["PRODUCTS", "Plan", "use"]
