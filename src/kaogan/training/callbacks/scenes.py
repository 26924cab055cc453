"""A training on points as a picture: the points, D(x), and its gradients.

GAN Lab (Kahng et al., "GAN Lab: Understanding Complex Deep Generative Models using Interactive
Visual Experimentation", 2018) shows the same in a browser.
"""

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from kaogan.data.toy import Distribution, Points
from kaogan.files import atomic_file
from kaogan.training.callbacks.painting import Scene, paint_line, paint_plane
from kaogan.training.callbacks.samples import Gallery
from kaogan.training.callbacks.scores import generate, in_words, score
from kaogan.training.trainer import Trainer

SHOWN = 1000
"""Real points, and generated points."""
PULLED = 50
"""Generated points whose gradients are shown."""
CELLS = 120
"""Of the lattice, on each axis."""
FIRST, GROWTH = 1000, 1.1
"""They give about 60 pictures in some thousand steps."""


class Scenes(Gallery):
    """Draws the first copy, with averaged weights of the generator."""

    def __init__(self, folder: Path, target: Distribution) -> None:
        super().__init__(folder, FIRST, GROWTH)
        self.target = target
        self._real = target.sample(SHOWN, torch.Generator().manual_seed(1))
        self._box = view(target.sample(10_000, torch.Generator().manual_seed(0)))

    def draw(self, trainer: Trainer) -> None:
        scene = self.scene(trainer)
        paint = paint_plane if self.target.dim == 2 else paint_line
        with atomic_file(self.name(trainer, "ema")) as partial:
            paint(scene, partial)

    def scene(self, trainer: Trainer) -> Scene:
        """The content of the picture, as numbers."""
        points = generate(trainer.state.ema, trainer.recipe.model.latent_dim)[:, 0]
        low, high = self._box
        axes = torch.linspace(0, 1, CELLS if self.target.dim == 2 else 400)[:, None]
        lattice = torch.cartesian_prod(*(low + (high - low) * axes).unbind(1))
        lattice = lattice.view(-1, self.target.dim)
        logits = _logits(trainer, torch.cat([lattice, self._real, points]))
        field, real, fake = torch.split(logits.detach(), [len(lattice), SHOWN, len(points)])
        pulled = points[:PULLED].clone().requires_grad_()
        (pull,) = torch.autograd.grad(_logits(trainer, pulled).sum(), pulled)
        step = trainer.state.images_seen // trainer.recipe.batch
        return Scene(
            title=f"step {step:,}",
            verdict=in_words(score(self.target, points)),
            real=self._real,
            fake=points[:SHOWN],
            lattice=lattice,
            field=real_probabilities(trainer, field, (real.mean() + fake.mean()) / 2),
            pulled=pulled.detach(),
            pull=pull,
            density=self.target.log_density(lattice) if self.target.dim == 1 else None,
        )


def view(points: Points) -> tuple[Tensor, Tensor]:
    """Two corners of a box around points and the origin, where a fresh generator starts.

    In the plane it is square.
    """
    low, high = points.amin(0).clamp(max=0), points.amax(0).clamp(min=0)
    centre, half = (low + high) / 2, (high - low).max() * 0.65
    return centre - half, centre + half


def real_probabilities(
    trainer: Trainer, logits: Float[Tensor, "F"], middle: Tensor
) -> Float[Tensor, "F"]:
    """D for each logit, as the loss defines it.

    Relativistic losses know only differences of logits: for them, that to `middle`.
    """
    loss = trainer.recipe.loss
    return torch.vmap(lambda c: loss.real_probabilities(c[None], middle[None])[0])(logits)


def _logits(trainer: Trainer, points: Points) -> Float[Tensor, "N"]:
    """The first copy's logit for each point; with packing, for a pack of copies of it."""
    copies, dim = trainer.recipe.model.sample_shape
    packing = trainer.recipe.model.packing
    samples = points[:, None].expand(-1, copies, dim).repeat_interleave(packing, 0)
    logits: Tensor = trainer.state.discriminator(samples.to(trainer.compute.device))
    return logits.view(-1, copies)[:, 0].cpu()
