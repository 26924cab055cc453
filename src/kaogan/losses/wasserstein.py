"""WGAN: Arjovsky, Chintala and Bottou, "Wasserstein Generative Adversarial Networks" (ICML 2017)
(without its clipping of weights; here a penalty or spectral norm bounds the slope).
"""

from typing import ClassVar, Literal

from kaogan.contracts import Logits, Loss, Scalar
from kaogan.losses.registered import losses
from kaogan.losses.relativistic import Relativistic


@losses.register("wasserstein")
class Wasserstein(Loss):
    """L_D = E_z[C(G(z))] - E_x[C(x)], minus equation 3;    L_G = -E_z[C(G(z))], theorem 3.

    D gives scores as far apart as it may, and their distance says how far the generated samples are
    from the real ones. Among all C of slope at most 1, the least L_D is minus the Wasserstein-1
    distance of real and generated samples (equation 2). Something must bound the slope: a penalty,
    or spectral norm.
    """

    name: Literal["wasserstein"] = "wasserstein"
    needs_real: ClassVar[bool] = False
    needs_bounded_slope: ClassVar[bool] = True
    reading: ClassVar[str] = Relativistic.reading

    def discriminator(self, real: Logits, fake: Logits) -> Scalar:
        return fake.mean() - real.mean()

    def generator(self, real: Logits, fake: Logits) -> Scalar:
        return -fake.mean()

    def real_probabilities(self, real: Logits, fake: Logits) -> tuple[Scalar, Scalar]:
        """A critic has none. As for relativistic pairing: sigmoid(C(x) - C(G(z)))."""
        probability = (real - fake).sigmoid().mean()
        return probability, 1 - probability
