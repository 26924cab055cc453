"""THE loop. Everything that varies arrives as an object; everything that watches is an observer."""

import contextlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from kaogan.contracts import (
    Augmentation,
    Batches,
    Latents,
    Logits,
    Pass,
    Positions,
    Samples,
    Scalar,
)
from kaogan.losses.penalties import differentiable
from kaogan.rng import seed_of
from kaogan.training.precision import Compute
from kaogan.training.recipe import Budget, Recipe
from kaogan.training.state import TrainState

ANNEALED = 0.05
"""The least that annealing leaves."""


class Deal(NamedTuple):
    """What a round is played with: all that differs from step to step, on the device."""

    x: Samples
    """Real samples."""
    z: Latents
    epsilon: Positions
    """One number from 0 to 1 for each sample: where a penalty looks."""
    ema_weight: Scalar
    """How far the average moves toward the generator, 0 to 1."""
    anneal: Scalar
    """What is left of learning rates and of penalties' weights, 1 to `ANNEALED`."""


class StepStats(NamedTuple):
    """What a step measured: means over the batch, on the device, not yet waited for.

    The next step may write its own into the same tensors: keep sums or clones of them.
    """

    loss_d: Tensor
    loss_g: Tensor
    d_real: Tensor
    """D(x): the discriminator's mean belief that real pictures are real."""
    d_fake: Tensor
    """D(G(z)): its mean belief that generated ones are, before its update."""


@runtime_checkable
class Observer(Protocol):
    """Watches a training: writes, draws, saves, warns. It never changes the game."""

    def start(self, trainer: "Trainer") -> None: ...

    def after_step(self, trainer: "Trainer", stats: StepStats) -> None: ...

    def finish(self, trainer: "Trainer") -> None: ...


class Watcher:
    """An observer that does nothing yet: a base that spares the others empty methods."""

    def start(self, trainer: "Trainer") -> None:
        """Called once, before the first step."""

    def after_step(self, trainer: "Trainer", stats: StepStats) -> None:
        """Called after every step. Reading `stats` waits for the device: do it seldom."""

    def finish(self, trainer: "Trainer") -> None:
        """Called once, after the last step."""


def ema_decay(batch: int, images_seen: int, share: float) -> float:
    """The weight that the average keeps in a step: 2^(-batch / half-life), after `images_seen`.

    The half-life is a share of the images seen so far. At the end it is that share of the budget,
    at the start, while the networks still change fast, it is short, and no budget need be known:
    a run can be prolonged. It is the power-law average of Karras et al., "Analyzing and Improving
    the Training Dynamics of Diffusion Models" (CVPR 2024), section 3.1, with gamma + 1 = ln 2 /
    share: for share 0.015, gamma = 45.
    """
    return float(2.0 ** (-batch / (share * images_seen)))


def annealed(images_seen: int, anneal_images: int | None) -> float:
    """What is left of learning rates and penalties: from 1 to `ANNEALED`, then no less.

    It falls along half a cosine (Loshchilov and Hutter, "SGDR", ICLR 2017, equation 5), as R3GAN's
    rates and penalties do (Huang et al. 2024). With a fixed rate the players circle around the
    equilibrium at a distance; with a fixed penalty real modes stay blurred.
    """
    if anneal_images is None:
        return 1.0
    share = min(1.0, images_seen / anneal_images)
    return ANNEALED + (1 - ANNEALED) * (1 + math.cos(math.pi * share)) / 2


def mirrored(pictures: Samples, chances: Positions) -> Samples:
    """Each picture `N C H W` mirrored left to right where its chance is below one half."""
    chosen = (chances < 0.5).view(-1, 1, 1, 1)
    return torch.where(chosen, pictures.flip(-1), pictures)


@dataclass
class Trainer:
    """A generator and a discriminator, updated in turn.

    One step, with z ~ N(0, I) and x real:
        1. the discriminator descends L_D(C(x), C(G(z))), G held fixed; on every k-th step also
           the penalties, with k times their weights ("lazy" penalties, k the penalty interval:
           Karras et al., StyleGAN2, 2020, appendix B)
        2. the generator descends L_G(C(x), C(G(z))) for the same z, the new C held fixed
        3. the EMA of the generator moves toward the generator
    """

    recipe: Recipe
    state: TrainState
    batches: Batches
    compute: Compute
    augmentation: Augmentation | None = None
    stop_requested: bool = False

    def __post_init__(self) -> None:
        self.rng = torch.Generator(self.compute.device)
        self.generator: nn.Module = self.state.generator
        self.discriminator: nn.Module = self.state.discriminator
        self._averaged: list[Tensor] = list(self.state.ema.parameters())
        self._current: list[Tensor] = list(self.generator.parameters())
        # `play` itself, or a recording of it that does the same (`kaogan.training.accelerate`).
        self.round: Callable[[Deal, bool], StepStats] = self.play

    def step(self) -> StepStats:
        """Play one round and count its images."""
        stats = self.round(self.deal(), self.penalised())
        self.state.images_seen += self.recipe.batch
        return stats

    def penalised(self) -> bool:
        """Does the next step have penalties? A function of the position."""
        recipe = self.recipe
        step = self.state.images_seen // recipe.batch
        return bool(recipe.penalties) and step % recipe.penalty_interval == 0

    def deal(self) -> Deal:
        """Choose samples and draw numbers for the next round: a function of the position."""
        recipe, seen = self.recipe, self.state.images_seen
        self.rng.manual_seed(seed_of(recipe.seed, self.state.attempt, seen))
        x = self.batches(seen, recipe.batch)
        size = (recipe.batch, recipe.networks.latent_dim)
        z = torch.randn(size, device=x.device, generator=self.rng)
        epsilon = torch.rand(recipe.batch, device=x.device, generator=self.rng)
        if recipe.mirror:
            x = mirrored(x, torch.rand(recipe.batch, device=x.device, generator=self.rng))
        decay = ema_decay(recipe.batch, seen + recipe.batch, recipe.ema_share)
        left = annealed(seen, recipe.anneal_images)
        ema_weight, anneal = (torch.full((), n, device=x.device) for n in (1.0 - decay, left))
        return Deal(x, z, epsilon, ema_weight, anneal)

    def play(self, deal: Deal, penalised: bool) -> StepStats:
        """One round: a function of these tensors and those of the state, which it changes in place.

        It never waits for the device, and no number in it differs from step to step: recorded
        as CUDA graphs, one with and one without penalties, it can be played again and again.
        """
        x, z, epsilon, ema_weight, anneal = deal
        recipe, game = self.recipe, self.recipe.game
        for optimizer in self.state.optimizers.values():
            torch.mul(anneal, recipe.lr, out=optimizer.param_groups[0]["lr"])
        with self.compute.autocast():
            fake = self.generator(z).float()

        logits_of = self.judge_for_penalties if penalised else self.judge
        real, fakes = self.passes(x, fake, penalised)
        loss_d = game.discriminator(real.logits, fakes.logits)
        for penalty in recipe.terms if penalised else ():
            term = penalty(logits_of, real, fakes, epsilon)
            loss_d = loss_d + recipe.penalty_interval * anneal * term
        self._descend("discriminator", loss_d)

        # Frozen, the discriminator passes gradients on without computing those of its weights.
        self.discriminator.requires_grad_(False)
        fresh_real_logits = self.judge(x) if game.needs_real else real.logits.detach()
        loss_g = game.generator(fresh_real_logits, self.judge(fake))
        self._descend("generator", loss_g)
        self.discriminator.requires_grad_(True)

        with torch.no_grad():
            weights = [ema_weight] * len(self._current)
            torch._foreach_lerp_(self._averaged, self._current, weights)
        beliefs = game.beliefs(real.logits.detach(), fakes.logits.detach())
        return StepStats(loss_d.detach(), loss_g.detach(), *beliefs)

    def passes(self, x: Samples, fake: Samples, penalised: bool) -> tuple[Pass, Pass]:
        """Real and generated samples through the discriminator: together, where that is the same
        as one after the other, for a large batch takes less time than two small ones.
        """
        logits_of = self.judge_for_penalties if penalised else self.judge
        start = differentiable if penalised else Tensor.detach
        group = self.recipe.networks.group
        # Apart, a single penalty has slopes of the side it looks at, and no others.
        apart = penalised and len(self.recipe.penalties) == 1
        if group is None or self.recipe.batch % group or apart:
            real, fakes = (Pass(at, logits_of(at)) for at in (start(x), start(fake)))
            return real, fakes
        both = start(torch.cat([x, fake]))
        return Pass(both, logits_of(both)).halves()

    def judge(self, samples: Samples) -> Logits:
        """The discriminator's logits for (augmented) samples, in float32."""
        return self._logits(self.discriminator, samples, self.compute.autocast())

    def judge_for_penalties(self, samples: Samples) -> Logits:
        """The same, to be differentiated twice: not compiled, as torch.compile has no second
        derivatives, and not in fp16, which has no room for squares of slopes.
        """
        context = self.compute.autocast(second_derivatives=True)
        return self._logits(self.state.discriminator, samples, context)

    def _logits(
        self,
        discriminator: nn.Module,
        samples: Samples,
        precision: contextlib.AbstractContextManager[object],
    ) -> Logits:
        if self.augmentation is not None:
            samples = self.augmentation(samples, self.rng)
        with precision:
            logits: Tensor = discriminator(samples)
        return logits.float()

    def _descend(self, player: str, loss: Tensor) -> None:
        optimizer, scaler = self.state.optimizers[player], self.state.scalers[player]
        scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad(set_to_none=True)  # between turns, gradients take no memory

    def run(self, budget: Budget, observers: Sequence[Observer]) -> None:
        """Play until the budget is used up or a stop is requested."""
        for observer in observers:
            observer.start(self)
        while not self.stop_requested and not self.finished(budget):
            started = time.perf_counter()
            stats = self.step()
            for observer in observers:
                observer.after_step(self, stats)
            self.state.seconds += time.perf_counter() - started
        for observer in observers:
            observer.finish(self)

    def finished(self, budget: Budget) -> bool:
        """Is the budget used up?"""
        state = self.state
        return budget.share_used(state.images_seen, state.seconds, len(self.batches)) >= 1
