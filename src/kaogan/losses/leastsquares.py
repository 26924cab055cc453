"""LSGAN: Mao, Li, Xie, Lau, Wang and Smolley, "Least Squares Generative Adversarial Networks"
(ICCV 2017), equation 2 with the 0-1 coding of equation 9: a = 0, b = c = 1.
"""

from typing import ClassVar, Literal

from kaogan.contracts import Logits, Loss, Scalar
from kaogan.losses.registered import losses


@losses.register("leastsquares")
class LeastSquares(Loss):
    """L_D = 1/2 E_x[(C(x) - 1)^2] + 1/2 E_z[C(G(z))^2],    L_G = 1/2 E_z[(C(G(z)) - 1)^2].

    D aims C at 1 for real samples and at 0 for generated ones, and G aims it at 1. These are least
    squares, as when a line is fitted. The best C is p / (p + q), with no sigmoid behind it.
    """

    name: Literal["leastsquares"] = "leastsquares"
    needs_real: ClassVar[bool] = False
    reading: ClassVar[str] = "Above ½ it says “rather real”; C, cut off at 0 and 1, is called D(x)."

    def discriminator(self, real: Logits, fake: Logits) -> Scalar:
        return (real - 1).square().mean() / 2 + fake.square().mean() / 2

    def generator(self, real: Logits, fake: Logits) -> Scalar:
        return (fake - 1).square().mean() / 2

    def real_probabilities(self, real: Logits, fake: Logits) -> tuple[Scalar, Scalar]:
        return real.clamp(0, 1).mean(), fake.clamp(0, 1).mean()
