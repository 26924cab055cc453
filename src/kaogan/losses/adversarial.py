"""The two losses of Goodfellow et al., "Generative Adversarial Nets" (NeurIPS 2014).

The discriminator's logits are C(x), and D(x) = sigmoid(C(x)) is its probability that x is real.
The value function (equation 1) is

    V(D, G) = E_x[log D(x)] + E_z[log(1 - D(G(z)))],

which D maximises and G minimises. In terms of logits, with softplus(t) = log(1 + e^t),

    -log D(x) = softplus(-C(x))    and    -log(1 - D(x)) = softplus(C(x)),

which never overflows, unlike log(sigmoid(C)).
"""

from typing import ClassVar, Literal

from pydantic import Field
from torch.nn.functional import softplus

from kaogan.contracts import Logits, Loss, Scalar
from kaogan.losses.registered import losses


class CrossEntropy(Loss):
    """The discriminator's loss of both: cross-entropy with labels 1 - s for real and 0 for fake,

        L_D = -E_x[(1 - s) log D(x) + s log(1 - D(x))] - E_z[log(1 - D(G(z)))].

    With s = 0 this is -V(D, G). Label smoothing is one-sided, on the real labels only: Salimans et
    al., "Improved Techniques for Training GANs" (NeurIPS 2016), section 3.4. Abstract.
    """

    label_smoothing: float = Field(
        default=0.0, ge=0.0, lt=0.5, description="s: labels of real samples are 1 - s"
    )
    needs_real: ClassVar[bool] = False
    reading: ClassVar[str] = (
        "Above 0 it says “rather real”; the sigmoid of C, from 0 to 1, is called D(x)."
    )

    def discriminator(self, real: Logits, fake: Logits) -> Scalar:
        """L_D, by softplus."""
        s = self.label_smoothing
        real_term = (1 - s) * softplus(-real) + s * softplus(real)
        return real_term.mean() + softplus(fake).mean()

    def real_probabilities(self, real: Logits, fake: Logits) -> tuple[Scalar, Scalar]:
        return real.sigmoid().mean(), fake.sigmoid().mean()


@losses.register("nonsaturating")
class NonSaturating(CrossEntropy):
    """L_G = -E_z[log D(G(z))], section 3 of the paper: G maximises log D(G(z)).

    D pays for every real sample that it doubts and for every generated one that it believes, and G
    for every sample of its own that is not believed. The fixed point is that of minimax, but the
    gradients are strong while D still wins. If nobody could tell the two apart, D would say 0.5 to
    everything, and the losses would be 2 log 2 ≈ 1.39 and log 2 ≈ 0.69 (without label smoothing).
    """

    name: Literal["nonsaturating"] = "nonsaturating"

    def generator(self, real: Logits, fake: Logits) -> Scalar:
        return softplus(-fake).mean()


@losses.register("minimax")
class Minimax(CrossEntropy):
    """L_G = E_z[log(1 - D(G(z)))], equation 1 of the paper: G minimises V(D, G) itself.

    One game, one score: what D gains, G loses. If nobody could tell the two apart, D would say 0.5
    to everything.
    """

    name: Literal["minimax"] = "minimax"

    def generator(self, real: Logits, fake: Logits) -> Scalar:
        return -softplus(fake).mean()
