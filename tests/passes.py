"""Penalties, called as the trainer calls them."""

from kaogan.contracts import Pass
from kaogan.losses.penalties import differentiable


def pass_of(discriminator, samples) -> Pass:
    samples = differentiable(samples)
    return Pass(samples, discriminator(samples))


def term(penalty, discriminator, real, fake, epsilon):
    """The penalty on fresh passes of these samples."""
    return penalty(
        discriminator, pass_of(discriminator, real), pass_of(discriminator, fake), epsilon
    )
