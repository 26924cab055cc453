"""The game: adversarial losses, each a pure function of real and fake logits."""

from kaogan.losses.adversarial import Minimax, NonSaturating
from kaogan.losses.registered import losses

__all__ = ["Minimax", "NonSaturating", "losses"]
