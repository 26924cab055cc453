"""The training step and the training loop. Variants are objects; callbacks only observe."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from kaogan.contracts import (
    Batch,
    Batches,
    Labels,
    Latents,
    Logits,
    MixingCoefficients,
    Pass,
    Samples,
    Scalar,
)
from kaogan.label_vectors import Vectors, forgotten
from kaogan.losses.penalties import differentiable
from kaogan.rng import seed_of
from kaogan.training.precision import Compute
from kaogan.training.recipe import Budget, Recipe
from kaogan.training.sampling import conditioned
from kaogan.training.state import TrainState
from kaogan.training.world import World


class Factors(NamedTuple):
    """Numbers of a step that depend on its position alone, on the device."""

    ema_weight: Scalar
    """How far the EMA moves toward the generator, 0 to 1."""
    lr_factor: Scalar
    penalty_factor: Scalar


class StepInputs(NamedTuple):
    """Everything that differs from step to step, as tensors on the device."""

    x: Samples
    """Real samples."""
    c: Labels
    """Their label vectors, with some values forgotten; the wishes for the generated samples."""
    z: Latents
    epsilon: MixingCoefficients
    """One number from 0 to 1 for each sample, for penalties between real and generated samples."""
    augmentation_d: Float[Tensor, "M U"]
    """The augmentation's random numbers in the discriminator's turn: first those of the real
    samples, then those of the generated ones (M = 2 N)."""
    augmentation_g: Float[Tensor, "M U"]
    """The same for the generator's turn."""
    ema_weight: Scalar
    lr_factor: Scalar
    penalty_factor: Scalar
    """The three `Factors`."""


class StepStats(NamedTuple):
    """Means over the batch of a step, on the device.

    The next step may overwrite these tensors: keep sums or clones of them.
    """

    loss_d: Tensor
    loss_g: Tensor
    d_real: Tensor
    """D(x), the probability of being real that the discriminator gives to real samples."""
    d_fake: Tensor
    """D(G(z)), the same for generated samples, before the discriminator's update."""


class Callback:
    """Observes a training: writes, draws, saves, warns. It never changes the training. A base whose
    methods do nothing.
    """

    def start(self, trainer: "Trainer") -> None:
        """Called once, before the first step."""

    def after_step(self, trainer: "Trainer", stats: StepStats) -> None:
        """Called after every step. Reading `stats` waits for the device, so do it rarely."""

    def finish(self, trainer: "Trainer") -> None:
        """Called once, after the last step."""


def ema_decay(batch: int, images_seen: int, share: float) -> float:
    """The weight that the EMA keeps in a step: 2^(-batch / half-life), after `images_seen`.

    The half-life is a share of the images seen so far. It is short at the start, while the networks
    change fast. It does not depend on the budget, so a run can be prolonged. This is the power-law
    average of Karras et al., "Analyzing and Improving the Training Dynamics of Diffusion Models"
    (CVPR 2024), section 3.1, with gamma + 1 = ln 2 / share: for share 0.015, gamma = 45.
    """
    return float(2.0 ** (-batch / (share * images_seen)))


def mirrored(pictures: Samples, chances: Float[Tensor, "N"]) -> Samples:
    """Each picture `N C H W` mirrored left to right where its chance is below one half."""
    chosen = (chances < 0.5).view(-1, 1, 1, 1)
    return torch.where(chosen, pictures.flip(-1), pictures)


@dataclass
class Trainer:
    """Updates a discriminator and a generator in turn.

    One step, with z ~ N(0, I), x real, and T the augmentation if there is one:
        1. the discriminator descends L_D(C(T(x)), C(T(G(z)))), with G fixed. On every k-th step the
           penalties are added with k times their weights ("lazy" penalties, k the penalty interval:
           Karras et al., StyleGAN2, 2020, appendix B)
        2. the generator descends L_G(C(T(x)), C(T(G(z)))) for the same z, with the new C fixed
        3. the EMA of the generator moves toward the generator

    With labels, C and G have them as a second argument: those of x, with some forgotten.
    """

    recipe: Recipe
    state: TrainState
    batches: Batches
    compute: Compute
    world: World = field(default_factory=World)
    stop_requested: bool = False

    def __post_init__(self) -> None:
        self.rng = torch.Generator(self.compute.device)
        self.vectors = Vectors(self.recipe.model.attributes, self.compute.device)
        self.generator: nn.Module = self.state.generator
        self.discriminator: nn.Module = self.state.discriminator
        self._averaged: list[Tensor] = list(self.state.ema.parameters())
        self._current: list[Tensor] = list(self.state.generator.parameters())
        # `train_step`, or its recording (`kaogan.training.accelerate`).
        self.compiled_step: Callable[[StepInputs, bool], StepStats] = self.train_step

    @property
    def recorded(self) -> bool:
        """Are steps replayed from recordings?"""
        return self.compiled_step != self.train_step

    def step(self) -> StepStats:
        """Train for one step and count its images."""
        inputs = self.draw_inputs()
        with self.world.synchronised():
            stats = self.compiled_step(inputs, self.penalised())
        self.state.images_seen += self.recipe.batch
        return stats

    def penalised(self) -> bool:
        """Does the next step have penalties? A function of the position."""
        recipe = self.recipe
        step = self.state.images_seen // recipe.batch
        return bool(recipe.penalties) and step % recipe.penalty_interval == 0

    def draw_inputs(self) -> StepInputs:
        """Choose samples and draw all random numbers of the next step: a function of the position.

        Every process draws those of the whole batch and takes its part. Of the samples, it reads
        its part only.
        """
        batch = self.next_samples()
        self.seed_numbers()
        return self.draw_numbers(batch, self.mirrors, self.next_factors())

    def next_samples(self) -> Batch:
        """The next step's samples, of this process."""
        share = self.recipe.batch // self.world.size
        return self.batches(self.state.images_seen + self.world.rank * share, share)

    def seed_numbers(self) -> None:
        """Let the random numbers of the next step depend on the position alone."""
        state = self.state
        self.rng.manual_seed(seed_of(self.recipe.seed, state.attempt, state.images_seen))

    @property
    def mirrors(self) -> bool:
        """Does the next step mirror half of the samples?"""
        last = self.recipe.mirrored_images
        return last is None or self.state.images_seen < last

    def next_factors(self) -> Factors:
        """The next step's numbers that are not random."""
        recipe, seen, number = self.recipe, self.state.images_seen, partial(torch.full, ())
        device = self.compute.device
        decay = ema_decay(recipe.batch, seen + recipe.batch, recipe.ema_share)
        return Factors(
            ema_weight=number(1.0 - decay, device=device),
            lr_factor=number(recipe.lr_schedule(seen), device=device),
            penalty_factor=number(recipe.penalty_schedule(seen), device=device),
        )

    def draw_numbers(self, samples: Batch, mirrors: bool, factors: Factors) -> StepInputs:
        """A step's inputs, with the next random numbers."""
        x, codes = samples
        recipe, batch, part = self.recipe, self.recipe.batch, self.world.part
        uniform = partial(torch.rand, device=x.device, generator=self.rng)
        z = torch.randn((batch, recipe.model.latent_dim), device=x.device, generator=self.rng)
        epsilon = uniform(batch)
        if mirrors:
            x = mirrored(x, part(uniform(batch)))
        count = recipe.augmentation.numbers if recipe.augmentation else 0
        real_d, fake_d, real_g, fake_g = (part(uniform(batch, count)) for _ in range(4))
        c = codes
        if codes.shape[1]:
            kept, each = part(uniform(batch)), part(uniform(batch, codes.shape[1]))
            c = self.vectors(forgotten(codes, kept, each))
        return StepInputs(
            x=x,
            c=c,
            z=part(z),
            epsilon=part(epsilon),
            augmentation_d=torch.cat([real_d, fake_d]),
            augmentation_g=torch.cat([real_g, fake_g]),
            **factors._asdict(),
        )

    def train_step(self, inputs: StepInputs, penalised: bool) -> StepStats:
        """One step: a function of these tensors and those of the state, which it changes in place.

        It never waits for the device, and its Python numbers are the same in every step. So it can
        be recorded as CUDA graphs, one with and one without penalties.
        """
        x, c, z = inputs.x, inputs.c, inputs.z
        recipe, loss, n = self.recipe, self.recipe.loss, len(inputs.x)
        for player, optimizer in self.state.optimizers.items():
            rate = recipe.learning_rates[player]
            torch.mul(inputs.lr_factor, rate, out=optimizer.param_groups[0]["lr"])
        with self.compute.autocast():
            fake = conditioned(self.generator, z, c).float()

        real_pass, fake_pass = self.passes(inputs, fake, penalised)
        loss_d = loss.discriminator(real_pass.logits, fake_pass.logits)
        for penalty in recipe.penalties if penalised else ():
            discriminator = partial(
                self.logits, c=c, numbers=inputs.augmentation_d[:n], second_derivatives=True
            )
            term = penalty(discriminator, real_pass, fake_pass, inputs.epsilon)
            loss_d = loss_d + recipe.penalty_interval * inputs.penalty_factor * term
        self.optimizer_step("discriminator", loss_d)

        # Frozen, the discriminator passes gradients on without computing those of its weights.
        self.discriminator.requires_grad_(False)
        real_logits = before = real_pass.logits.detach()
        if loss.needs_real:
            real_logits = self.logits(x, c, inputs.augmentation_g[:n])
        fake_logits = self.logits(fake, c, inputs.augmentation_g[n:])
        loss_g = loss.generator(real_logits, fake_logits)
        self.optimizer_step("generator", loss_g)
        self.discriminator.requires_grad_(True)

        self.update_averages(inputs.ema_weight)
        self.update_augmentation(before, fake_pass.logits.detach())
        probabilities = loss.real_probabilities(before, fake_pass.logits.detach())
        stats = StepStats(loss_d.detach(), loss_g.detach(), *probabilities)
        self.world.average(stats)
        self.state.unlogged += torch.stack([*stats, torch.ones_like(stats.loss_d)])
        return stats

    def passes(self, inputs: StepInputs, fake: Samples, penalised: bool) -> tuple[Pass, Pass]:
        """Real and generated samples through the discriminator.

        They go through together where the logits are the same as in two passes: one large batch
        takes less time than two small ones.
        """
        x, c, n, numbers = inputs.x, inputs.c, len(inputs.x), inputs.augmentation_d
        logits = partial(self.logits, second_derivatives=penalised)
        start = differentiable if penalised else Tensor.detach
        # A single penalty needs the slopes of one side: two passes compute those alone.
        apart = penalised and len(self.recipe.penalties) == 1
        group = self.recipe.model.group
        if group is None or n % group or apart:
            real, fake = start(x), start(fake)
            return (
                Pass(real, logits(real, c, numbers[:n])),
                Pass(fake, logits(fake, c, numbers[n:])),
            )
        both = start(torch.cat([x, fake]))
        return Pass(both, logits(both, torch.cat([c, c]), numbers)).halves()

    def logits(
        self,
        samples: Samples,
        c: Labels,
        numbers: Float[Tensor, "N U"],
        second_derivatives: bool = False,
    ) -> Logits:
        """C(T(samples)), in float32: what the loss and the penalties differentiate.

        For second derivatives, C is not compiled, because torch.compile has none, and not in fp16,
        in which squared slopes overflow.
        """
        if self.recipe.augmentation is not None:
            samples = self.recipe.augmentation(samples, numbers, **self.state.augmentation)
        discriminator = self.state.discriminator if second_derivatives else self.discriminator
        with self.compute.autocast(second_derivatives):
            return conditioned(discriminator, samples, c).float()

    def optimizer_step(self, player: str, loss: Scalar) -> None:
        """One step of Adam down the loss, averaged over all processes."""
        optimizer, scaler = self.state.optimizers[player], self.state.scalers[player]
        scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        parameters = self.state.networks[player].parameters()
        self.world.average([p.grad for p in parameters if p.grad is not None])
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad(set_to_none=True)  # between turns, gradients take no memory

    @torch.no_grad()
    def update_averages(self, weight: Scalar) -> None:
        """Move the EMA toward the generator: ema + weight (generator - ema).

        On a GPU these are three launches for all tensors. `torch._foreach_lerp_` takes a tensor as
        its weight only tensor by tensor.
        """
        steps = torch._foreach_sub(self._current, self._averaged)
        torch._foreach_mul_(steps, weight)
        torch._foreach_add_(self._averaged, steps)

    @torch.no_grad()
    def update_augmentation(self, real: Logits, fake: Logits) -> None:
        """Let the augmentation adapt its tensors by the logits of the whole batch."""
        if self.recipe.augmentation is not None:
            whole = self.world.whole
            self.recipe.augmentation.update(whole(real), whole(fake), **self.state.augmentation)

    def run(self, budget: Budget, callbacks: Sequence[Callback]) -> None:
        """Train until the budget is used up or a stop is requested, in any process."""
        for callback in callbacks:
            callback.start(self)
        while not self.world.any(self.stop_requested or self.finished(budget)):
            started = time.perf_counter()
            stats = self.step()
            try:
                for callback in callbacks:
                    callback.after_step(self, stats)
            except Exception:
                self.world.any(True)  # the others leave the loop, too
                raise
            self.state.seconds += time.perf_counter() - started
        for callback in callbacks:
            callback.finish(self)

    def finished(self, budget: Budget) -> bool:
        """Is the budget used up?"""
        state = self.state
        return budget.share_used(state.images_seen, state.seconds, len(self.batches)) >= 1
