"""Relativistic pairing: Jolicoeur-Martineau, "The relativistic discriminator: a key element missing
from standard GAN" (2018), section 4; Huang, Gokaslan, Kuleshov and Tompkin, "The GAN is dead; long
live the GAN! A Modern Baseline GAN" (R3GAN, NeurIPS 2024), equation 2.
"""

from typing import ClassVar, Literal

from torch.nn.functional import softplus

from kaogan.contracts import Logits, Loss, Scalar
from kaogan.losses.registered import losses


@losses.register("relativistic")
class Relativistic(Loss):
    """L_D = -E[log sigmoid(C(x) - C(G(z)))],    L_G = -E[log sigmoid(C(G(z)) - C(x))].

    D says which of two samples is the real one, and G wants its own to look the more real. Only
    differences count, so no mode of the data can be left out by G while C is low there: Huang et
    al., section 2.1. If nobody could tell the two apart, every difference would be 0, and both
    losses log 2 ≈ 0.69.
    """

    name: Literal["relativistic"] = "relativistic"
    reading: ClassVar[str] = (
        "Only differences count: the sigmoid of C(x) − C(G(z)) is called D(x), the probability "
        "that x is the real sample of its pair."
    )

    def discriminator(self, real: Logits, fake: Logits) -> Scalar:
        return softplus(-(real - fake)).mean()

    def generator(self, real: Logits, fake: Logits) -> Scalar:
        return softplus(-(fake - real)).mean()

    def real_probabilities(self, real: Logits, fake: Logits) -> tuple[Scalar, Scalar]:
        """The probabilities that x is the real sample of its pair, and that G(z) is."""
        probability = (real - fake).sigmoid().mean()
        return probability, 1 - probability
