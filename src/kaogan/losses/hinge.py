"""The hinge loss: Lim and Ye, "Geometric GAN" (2017); Miyato, Kataoka, Koyama and Yoshida,
"Spectral Normalization for Generative Adversarial Networks" (ICLR 2018), equations 16 and 17.
"""

from typing import ClassVar, Literal

from torch.nn.functional import relu

from kaogan.contracts import Logits, Loss, Scalar
from kaogan.losses.registered import losses


@losses.register("hinge")
class Hinge(Loss):
    """L_D = E_x[max(0, 1 - C(x))] + E_z[max(0, 1 + C(G(z)))],    L_G = -E_z[C(G(z))].

    D stops at a margin: it wants C above 1 for real samples and below -1 for generated ones, and
    samples beyond teach it nothing more.
    """

    name: Literal["hinge"] = "hinge"
    needs_real: ClassVar[bool] = False
    reading: ClassVar[str] = (
        "Above 0 it says “rather real”; (1 + C) / 2, cut off at 0 and 1, is called D(x)."
    )

    def discriminator(self, real: Logits, fake: Logits) -> Scalar:
        return relu(1 - real).mean() + relu(1 + fake).mean()

    def generator(self, real: Logits, fake: Logits) -> Scalar:
        return -fake.mean()

    def real_probabilities(self, real: Logits, fake: Logits) -> tuple[Scalar, Scalar]:
        """At the margins D is sure, and in their middle it cannot tell."""
        return ((1 + real) / 2).clamp(0, 1).mean(), ((1 + fake) / 2).clamp(0, 1).mean()
