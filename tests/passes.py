"""Penalties, called as the trainer calls them."""

from kaogan.contracts import Pass
from kaogan.losses.penalties import differentiable


def judged(discriminator, samples) -> Pass:
    samples = differentiable(samples)
    return Pass(samples, discriminator(samples))


def term(penalty, discriminator, real, fake, epsilon):
    """The penalty on fresh passes of these samples."""
    return penalty(discriminator, judged(discriminator, real), judged(discriminator, fake), epsilon)
