# %% [markdown]
# # Lab 1: generative adversarial networks on simulated data
#
# A GAN is two networks that play against each other until one of them can make what it has only
# seen examples of. Before they make faces, let them make *numbers*: then every density can be
# drawn, the best possible player is a formula, and you can check each claim with your own eyes.
#
# You will
#
# 1. make samples of one distribution out of samples of another,
# 2. build the smallest generator and the smallest discriminator there are,
# 3. write the loss down, and see what it measures,
# 4. train both, first in a way that looks well and is not, then properly,
# 5. go to two dimensions, watch a GAN forget most of its data, and mend it.
#
# You need Python and a little PyTorch. You need not know anything about GANs. The lab takes about
# an hour of reading and a few minutes of computing, on any laptop.

# %% [markdown]
# ## 1. Set-up
#
# The first cell installs kaogan where it is missing, on Colab for instance.

# %% tags=["install"]
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("kaogan") is None:
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "git+ADDRESS"], check=True)

# %%
import math
import os

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, softplus
from torch.optim.lr_scheduler import LinearLR

from kaogan.progress import track

# Our own tests run this lab with less of everything; you leave it at False.
QUICK = os.environ.get("KAOGAN_LAB_QUICK") == "1"

REAL, FAKE, BELIEF = "#2a6fbb", "#e8772e", "#444444"  # colours, the same in every picture
torch.manual_seed(0)
plt.rcParams.update({"figure.dpi": 100, "axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# Two helper functions. One draws the histograms of two samples, the other the discriminator's
# belief over them; we come to that.


# %%
def show_samples(real, fake, title="", axes=None):
    """Histograms of two samples, given as tensors of any shape, on one pair of axes."""
    axes = axes or plt.subplots(figsize=(7, 2.8))[1]
    both = torch.cat([real.flatten(), fake.flatten()]).detach()
    bins = np.linspace(both.min().item() - 0.5, both.max().item() + 0.5, 80)
    for sample, colour, name in ((real, REAL, "real"), (fake, FAKE, "generated")):
        sample = sample.detach().flatten().numpy()
        axes.hist(sample, bins, density=True, color=colour, alpha=0.6, label=name)
    axes.set(title=title, xlabel="x", ylabel="density")
    axes.legend(loc="upper left", frameon=False)
    return axes


def show_belief(belief, axes, name="D(x)", colour=BELIEF, style="-"):
    """The curve of a belief, a function from x to [0, 1], on an axis of its own at the right."""
    right = getattr(axes, "belief", None)
    if right is None:
        right = axes.belief = axes.twinx()
        right.axhline(0.5, color=BELIEF, linewidth=0.8, linestyle=":")
        right.set(ylim=(-0.02, 1.05), ylabel="belief that x is real")
    x = torch.linspace(*axes.get_xlim(), 400)
    right.plot(x, belief(x[:, None]).detach().flatten(), style, color=colour, label=name)
    right.legend(loc="upper left", bbox_to_anchor=(1.08, 1.0), frameon=False)


# %% [markdown]
# ## 2. Two players
#
# What is it good for? GANs draw faces of people who do not exist, turn sketches into photographs,
# sharpen small pictures, and make training data where real ones are scarce or private. Whatever
# they make, they work the same way.
#
# Think of a painter who copies the style of an old master and of an expert who is shown now an
# original, now a copy. The expert learns what gives a copy away. The painter never sees an
# original: he learns only from *how* the expert saw through him. When both have become as good as
# they can, the copies look like originals, and the expert can only toss a coin.
#
# | in the story | in a GAN | written |
# |---|---|---|
# | originals | real data | $x \sim p$ |
# | the painter's whim of the day | a random vector, the *latent* | $z \sim N(0, I)$ |
# | the painter | the *generator* | $G(z)$ |
# | the copies | generated data | $G(z) \sim q$ |
# | the expert | the *discriminator* | $D(x)$, from 0 (copy) to 1 (original) |

# %% [markdown]
# ## 3. Real data, and a generator that we know already
#
# Our originals are numbers drawn from a normal distribution with mean 10 and standard deviation 1:
#
# $$x \sim N(10, 1).$$
#
# The latents come from the standard normal distribution $N(0, 1)$. To make the one out of the
# other, we move it by 10:
#
# $$G(z) = z + 10.$$

# %%
N = 5_000
x = 10 + torch.randn(N, 1)
z = torch.randn(N, 1)

figure, (left, right) = plt.subplots(1, 2, figsize=(12, 2.8), sharey=True)
show_samples(x, z, "before: latents beside the data", left)
show_samples(x, z + 10, "after: G(z) = z + 10", right)

print(f"mean of x     {x.mean():7.3f}    standard deviation {x.std():.3f}")
print(f"mean of z     {z.mean():7.3f}    standard deviation {z.std():.3f}")
print(f"mean of z+10  {(z + 10).mean():7.3f}    standard deviation {(z + 10).std():.3f}")

# %% [markdown]
# **What to notice.** No $z$ belongs to any particular $x$. The two *clouds* agree, and this is all
# that a generator has to achieve: it turns a distribution that we can draw from into one that we
# want. Everything in these labs, faces too, is this picture with more dimensions.
#
# There is a catch: we knew the 10. A computer that is handed 63,000 faces knows no formula. It has
# to *learn* the shift, from examples alone.

# %% [markdown]
# ## 4. A generator that can learn
#
# So we leave the numbers open: a linear layer with one input and one output,
#
# $$G(z) = w z + b.$$
#
# Since $z$ is normal, so is $G(z)$: it has mean $b$ and standard deviation $|w|$. It will be
# perfect at $b = 10$ and $w = 1$, or $w = -1$, for a mirrored bell is the same bell. Two right
# answers, and the data cannot tell them apart. We start it at $b = 0$, $w = 2$: too wide, and far
# away.


# %%
def new_generator():
    generator = nn.Linear(1, 1)
    nn.init.constant_(generator.weight, 2.0)
    nn.init.constant_(generator.bias, 0.0)
    return generator


generator = new_generator()
fake = generator(z)
show_samples(x, fake, "before training")
plt.show()

# %% [markdown]
# ## 5. A discriminator: logistic regression
#
# The expert is the simplest classifier that there is. A linear layer gives a number, the *logit*
# $C(x) = u x + c$; the sigmoid function turns it into a belief between 0 and 1:
#
# $$D(x) = \sigma(C(x)) = \frac{1}{1 + e^{-C(x)}}.$$
#
# A logit of 0 means "I cannot tell", belief 0.5. Each unit more multiplies the odds by $e$. The
# layer gives logits, and the loss applies the sigmoid: written so, nothing overflows when the
# network is very sure.
#
# Let it learn for a moment, with the generator held fixed. That is ordinary logistic regression:
# real samples are labelled 1, generated ones 0.

# %%
discriminator = nn.Linear(1, 1)
optimizer = torch.optim.Adam(discriminator.parameters(), lr=0.1)
fake = generator(z).detach()
for _ in range(300):
    loss = binary_cross_entropy_with_logits(discriminator(x), torch.ones(N, 1))
    loss = loss + binary_cross_entropy_with_logits(discriminator(fake), torch.zeros(N, 1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def belief(x):
    return discriminator(x).sigmoid()


axes = show_samples(x, fake, "an expert against an untrained painter")
show_belief(belief, axes)

# %% [markdown]
# Where $D(x)$ crosses one half, the discriminator changes its mind. How many of the 5,000 samples
# on each side does it let pass as real?


# %%
def count_passing(belief, real, fake):
    for name, sample in (("real", real), ("generated", fake)):
        passing = int((belief(sample) > 0.5).sum())
        print(f"{passing:5,} of {len(sample):,} {name} samples pass as real")


count_passing(belief, x, fake)

# %% [markdown]
# **What to notice.** The discriminator is nearly perfect, and still of use to its opponent: the
# curve *slopes*. On every generated sample it says in which direction "more real" lies. The
# generator will climb that slope.

# %% [markdown]
# ## 6. The loss (optional)
#
# If you would rather see the game, go on to section 7. Here is where its score comes from.
#
# **From likelihood to cross-entropy.** Label every sample: $y = 1$ if it is real, $y = 0$ if it was
# generated. The discriminator claims that the label is 1 with probability $D(x)$. The probability
# of the label that we see is then $D(x)^y \, (1 - D(x))^{1 - y}$: the first factor counts when $y =
# 1$, the second one when $y = 0$. For a whole sample these multiply, so their logarithms add. The
# log-likelihood per sample is
#
# $$\ell(D) = \frac{1}{n} \sum_i \Big[ y_i \log D(x_i) + (1 - y_i) \log\big(1 - D(x_i)\big) \Big],$$
#
# and its negative is called *binary cross-entropy*. Logistic regression maximises $\ell$.
#
# **The value of the game.** Put the real samples into the first term and the generated ones into
# the second, and let averages become expectations:
#
# $$V(D, G) = \mathbb{E}_{x \sim p}\big[\log D(x)\big]
#            + \mathbb{E}_{z}\big[\log\big(1 - D(G(z))\big)\big].$$
#
# The discriminator wants it large: believe the real ones, doubt the others. The generator can move
# the second term only, and wants it small:
#
# $$\min_G \max_D V(D, G).$$
#
# This is equation 1 of Goodfellow et al., *Generative Adversarial Nets* (2014).
#
# **The best discriminator.** Hold $G$ fixed, and let $q$ be the density of what it makes. Then $V =
# \int p \log D + q \log (1 - D)$, and at each $x$ we may choose $D$ as we like. The derivative of
# $p \log D + q \log(1 - D)$ is $p / D - q / (1 - D)$; it vanishes at
#
# $$D^*(x) = \frac{p(x)}{p(x) + q(x)}.$$
#
# Where real samples are twice as dense as generated ones, the right belief is 2/3. In logits it is
# even simpler: $C^*(x) = \log p(x) - \log q(x)$.
#
# **What the generator then minimises.** Put $D^*$ in, and write $m = (p + q)/2$ for the mixture:
#
# $$V(D^*, G) = \int p \log \frac{p}{2m} + \int q \log \frac{q}{2m}
#             = \mathrm{KL}(p \,\|\, m) + \mathrm{KL}(q \,\|\, m) - 2 \log 2
#             = 2 \, \mathrm{JSD}(p, q) - \log 4.$$
#
# JSD is the Jensen–Shannon divergence. It is 0 where $p = q$ and nowhere else, and never more than
# $\log 2$. So against a perfect expert, the game has one best end: $q = p$, $D^* = 1/2$ everywhere,
# and $V = -\log 4$.
#
# Do not believe it, compute it. Both sides of the equation by summing over a fine grid, for a
# generator $N(b, 1)$ that comes nearer and nearer:


# %%
def log_normal(x, mean, deviation):
    """The logarithm of the normal density."""
    standard = (x - mean) / deviation
    return -0.5 * standard**2 - math.log(deviation * math.sqrt(2 * math.pi))


grid = torch.linspace(-12, 32, 40_001, dtype=torch.float64)
step = (grid[1] - grid[0]).item()
log_p = log_normal(grid, 10, 1)

shifts, values, divergences = np.linspace(0, 10, 41), [], []
for b in shifts:
    log_q = log_normal(grid, b, 1)
    p, q, logit = log_p.exp(), log_q.exp(), log_p - log_q
    # log D* = -softplus(-C*) and log(1 - D*) = -softplus(C*): exact, however large the logit.
    values.append((-p * softplus(-logit) - q * softplus(logit)).sum().item() * step)
    log_m = torch.logaddexp(log_p, log_q) - math.log(2)
    jsd = 0.5 * (p * (log_p - log_m) + q * (log_q - log_m)).sum().item() * step
    divergences.append(2 * jsd - math.log(4))

print(f"largest difference of the two sides: {np.abs(np.subtract(values, divergences)).max():.1e}")
figure, axes = plt.subplots(figsize=(7, 2.8))
axes.plot(shifts, values, color=BELIEF, linewidth=4, alpha=0.4, label="$V(D^*, G)$")
axes.plot(shifts, divergences, "--", color=FAKE, label="$2\\,$JSD$ - \\log 4$")
axes.axhline(-math.log(4), color=REAL, linewidth=0.8, linestyle=":", label="$-\\log 4$")
axes.set(xlabel="b, the mean of the generated samples (the data's is 10)", ylabel="value")
axes.legend()
plt.show()

# %% [markdown]
# **What to notice.** The curves lie on each other, and reach $-\log 4$ at $b = 10$. And at the left
# the hill is a plateau: while the generator is far away, a perfect expert gives it *no slope at
# all*. Next section.

# %% [markdown]
# ## 7. Two losses for the generator
#
# Early on, generated samples are obvious: $D(G(z))$ is nearly 0. There, $\log(1 - D)$ is flat, and
# the generator learns next to nothing, just when it has most to learn. The remedy stands in the
# same paper: leave the discriminator's loss as it is, and let the generator *maximise* $\log
# D(G(z))$ instead. It wants the same thing, to be believed, but feels it where it matters. In terms
# of the logit $t = C(G(z))$, with $\mathrm{softplus}(t) = \log(1 + e^t)$:
#
# | | the generator minimises | its slope |
# |---|---|---|
# | *minimax* | $\log(1 - D) = -\mathrm{softplus}(t)$ | $-\sigma(t)$, vanishes when it loses |
# | *non-saturating* | $-\log D = \mathrm{softplus}(-t)$ | $-\sigma(-t)$, strongest when it loses |

# %%
t = torch.linspace(-8, 8, 400)
figure, (left, right) = plt.subplots(1, 2, figsize=(12, 2.8))
for name, colour, loss, slope in (
    ("minimax", REAL, -softplus(t), torch.sigmoid(t)),
    ("non-saturating", FAKE, softplus(-t), torch.sigmoid(-t)),
):
    left.plot(t, loss, color=colour, label=name)
    right.plot(t, slope, color=colour, label=name)
for axes, label in ((left, "generator's loss"), (right, "how strongly it is pulled")):
    axes.axvspan(-8, -3, color="black", alpha=0.06)
    axes.set(xlabel="logit of a generated sample", ylabel=label)
    axes.legend()
left.text(-7.8, -7.5, "the generator\nis losing")
plt.show()

# %% [markdown]
# Both are cross-entropies, which makes them easy to write. The discriminator's has targets 1 for
# real and 0 for generated samples; the generator's pretends that its samples are real, target 1.
# Since both players keep their own score, there are two losses, and two optimisers.


# %%
def discriminator_loss(real_logits, fake_logits):
    real_loss = binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits))
    fake_loss = binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))
    return real_loss + fake_loss


def generator_loss(fake_logits):
    return binary_cross_entropy_with_logits(fake_logits, torch.ones_like(fake_logits))


# %% [markdown]
# ## 8. Training
#
# One step of the game:
#
# 1. draw latents, make samples;
# 2. the discriminator goes one step down its loss. `detach()` holds the generator fixed;
# 3. the generator goes one step down its own loss, *through* the discriminator: the gradient tells
#    each sample how to move, and from there $w$ and $b$ how to change.
#
# Every step uses all 5,000 real samples. While it runs, we note four things: $w$ and $b$, and the
# discriminator's mean belief about real samples, $D(x)$, and about generated ones, $D(G(z))$. When
# it can no longer tell them apart, both have come to one half.
#
# And because we know both densities ($q$ is $N(b, w^2)$), we can also ask what the *best*
# discriminator would believe at that moment: $D^* = p / (p + q)$. In real life nobody tells you
# that.


# %%
def ideal_logit(x, generator):
    """The logit of D* = p / (p + q), for p = N(10, 1) and q = N(b, w^2)."""
    b, w = generator.bias.item(), max(abs(generator.weight.item()), 1e-6)
    return log_normal(x, 10, 1) - log_normal(x, b, w)


def distance(real, fake):
    """How far samples must move on average to become the others (Wasserstein-1), in 1-D."""
    return (real.flatten().sort().values - fake.flatten().sort().values).abs().mean().item()


def train(generator, discriminator, steps, lr=0.02):
    """Play the game; return its history, and the generator's best weights."""
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr, betas=(0.5, 0.9))
    optimizer_g = torch.optim.Adam(generator.parameters(), lr, betas=(0.5, 0.9))
    # Both step lengths fall to zero in a straight line, so that the game comes to rest.
    shorter = [LinearLR(o, 1.0, 0.0, steps) for o in (optimizer_d, optimizer_g)]
    history, best, best_distance = [], None, math.inf
    with track(steps, "training", "steps") as progress:
        for _ in range(steps):
            z = torch.randn(N, 1)
            fake = generator(z)
            ideal = [ideal_logit(s, generator).sigmoid().mean().item() for s in (x, fake)]

            # The discriminator's turn: the generator is held fixed.
            real_logits, fake_logits = discriminator(x), discriminator(fake.detach())
            optimizer_d.zero_grad()
            discriminator_loss(real_logits, fake_logits).backward()
            optimizer_d.step()

            # The generator's turn, judged by the discriminator that has just learned.
            optimizer_g.zero_grad()
            generator_loss(discriminator(fake)).backward()
            optimizer_g.step()

            real_belief, fake_belief = (
                c.sigmoid().mean().item() for c in (real_logits, fake_logits)
            )
            w, b = generator.weight.item(), generator.bias.item()
            history.append([w, b, real_belief, fake_belief, *ideal])
            if (now := distance(x, fake)) < best_distance:
                best_distance = now
                best = {key: value.clone() for key, value in generator.state_dict().items()}
            for schedule in shorter:
                schedule.step()
            progress.advance(1, f"D(x) {real_belief:.2f}  D(G(z)) {fake_belief:.2f}")
    return np.array(history), best


STEPS = 300 if QUICK else 4_000
torch.manual_seed(1)
generator, discriminator = new_generator(), nn.Linear(1, 1)
history, best = train(generator, discriminator, STEPS)


# %%
def show_history(history):
    _, (left, right) = plt.subplots(1, 2, figsize=(12, 3))
    w, b, real, fake, ideal_real, ideal_fake = history.T
    left.plot(b, color=FAKE, label="b (should be 10)")
    left.plot(np.abs(w), color=REAL, label="|w| (should be 1)")
    for target in (1, 10):
        left.axhline(target, color=BELIEF, linewidth=0.8, linestyle=":")
    left.set(xlabel="steps", title="the generator")
    right.plot(ideal_real, color=REAL, alpha=0.3, linewidth=4, label="$D^*$(x), the best possible")
    right.plot(ideal_fake, color=FAKE, alpha=0.3, linewidth=4, label="$D^*$(G(z))")
    right.plot(real, color=REAL, linewidth=1, label="D(x)")
    right.plot(fake, color=FAKE, linewidth=1, label="D(G(z))")
    right.axhline(0.5, color=BELIEF, linewidth=0.8, linestyle=":")
    right.set(xlabel="steps", ylim=(-0.02, 1.02), title="mean beliefs")
    left.legend(loc="center right")
    right.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


show_history(history)

# %% [markdown]
# Read the thin lines at the right first, as you would in any GAN: $D(x)$ and $D(G(z))$ start apart,
# meet, and circle around one half. Done? Look at the generated samples before you answer.

# %%
fake = generator(torch.randn(N, 1)).detach()
print(f"generator: b = {generator.bias.item():.2f}, w = {generator.weight.item():.3f}")
axes = show_samples(x, fake, "the expert is undecided, and the painter paints one picture")
axes.set_ylim(0, 1.5)
show_belief(belief, axes)
show_belief(lambda s: ideal_logit(s, generator).sigmoid(), axes, "$D^*(x)$", BELIEF, "--")
count_passing(belief, x, fake)

# %% [markdown]
# **What to notice.** The generator makes *one number*, again and again. The real discriminator is
# at one half, and the ideal one (thick lines, dashed curve) is not: it would see through this at
# once. Mean beliefs of one half do not say that the samples are good. They say that *this*
# discriminator has given up.
#
# Why does it happen? Our expert's logit is a straight line, so all it can say is "more to the
# right" or "more to the left". It compares means, and is blind to the spread. The generator's loss
# bends upward along that line, so that spread only costs it something: it gives it up. **What the
# discriminator cannot see, the generator need not learn.** It is the most important sentence of
# this lab, and you just saw *mode collapse* in its smallest form.
#
# And the best possible logit tells us what the expert lacks:
#
# $$C^*(x) = \log p(x) - \log q(x)
#          = \frac{(x - b)^2}{2 w^2} - \frac{(x - 10)^2}{2} + \log |w|.$$
#
# If $|w| = 1$, the squares cancel and a straight line is all it takes: logistic regression is then
# not a guess but the exact answer. Otherwise the best expert has a *parabola*. So give it one more
# input, the square.


# %%
class WithSquare(nn.Module):
    """x to (t, t^2 / 10) with t = x - 5: of a size that is good to learn from."""

    def forward(self, x):
        t = x - 5
        return torch.cat([t, t**2 / 10], dim=1)


torch.manual_seed(1)
generator = new_generator()
discriminator = nn.Sequential(WithSquare(), nn.Linear(2, 1))
history, best = train(generator, discriminator, STEPS)
show_history(history)

# %% [markdown]
# Now the spread is found as well, and both pairs of lines, thin and thick, end at one half. On the
# way the generator overshot and turned round: in a game there is no hill to climb, the ground moves
# while you walk. This is why the last generator is not always the best one. We kept the weights at
# which generated and real samples were nearest to each other, and draw with them.

# %%
generator.load_state_dict(best)
fake = generator(torch.randn(N, 1)).detach()
print(f"kept: b = {generator.bias.item():.2f}, w = {generator.weight.item():.2f}")
axes = show_samples(x, fake, "after training: which is which?")
show_belief(belief, axes)
show_belief(lambda s: ideal_logit(s, generator).sigmoid(), axes, "$D^*(x)$", BELIEF, "--")
count_passing(belief, x, fake)

# %% [markdown]
# The generator has learned a mean and a spread that nobody told it, by playing. How the two curves
# of belief run at the far ends does not matter: there are no samples there.
#
# Try it: start the generator at $b = 20$. Make the generator's `lr` ten times that of the
# discriminator. Use `-softplus(discriminator(fake)).mean()` (minimax) as the generator's loss.
# Which of them still arrive?

# %% [markdown]
# ## 9. Two dimensions: what goes wrong
#
# Now points in a plane. The data are eight small heaps on a circle, the *ring*, a classic test:
# each heap is a *mode* of the distribution, and a generator must find all eight. The latent has two
# entries as well, and both players are small networks with three hidden layers. We write no new
# loop: kaogan's `Trainer` plays the same two turns as yours above.
#
# Chance decides a lot in such games, so we play four at once, with different first weights. A
# game's picture shows
#
# * real points in blue, generated ones in orange,
# * the discriminator's belief as the background: blue where it says "real", orange where it says
#   "generated".
#
# First with PyTorch's usual optimiser: Adam as it comes, with a learning rate of 0.001 and a
# momentum of 0.9.

# %%
from IPython.display import display

import kaogan
from kaogan.data.toy import Ring, ToyBatches
from kaogan.metrics.modes import score_modes
from kaogan.training.precision import Compute
from kaogan.training.state import TrainState
from kaogan.training.trainer import Trainer

GAMES = 4
ROUNDS = 40 if QUICK else 2_000
SIDE = 60  # points along each edge of the background
ring = Ring()
edge = torch.linspace(-1.6, 1.6, SIDE)
lattice = torch.cartesian_prod(edge, edge)
some_real = ring.sample(400, torch.Generator().manual_seed(0))


@torch.no_grad()
def look(state, count=2_500):
    """Generated points, count x GAMES x 2, and the beliefs on the lattice, GAMES x SIDE x SIDE."""
    z = torch.randn(count, 2 * GAMES, generator=torch.Generator().manual_seed(0))
    logits = state.discriminator(lattice[:, None].expand(-1, GAMES, -1))
    return state.generator(z), logits.view(SIDE, SIDE, GAMES).permute(2, 1, 0).sigmoid()


def paint(points, belief, axes):
    """One game."""
    axes.imshow(belief, origin="lower", extent=(-1.6, 1.6, -1.6, 1.6), cmap=FIELD, vmin=0, vmax=1)
    axes.scatter(*some_real.T, s=6, color=REAL)
    axes.scatter(*points[:500].T, s=2, color=FAKE)
    axes.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), xticks=[], yticks=[])


FIELD = plt.matplotlib.colors.LinearSegmentedColormap.from_list("D", ["#fbd9bf", "#fff", "#c3daf3"])


# %%
def play(recipe):
    """Play all games at once; return what they looked like at six moments, and the last state."""
    compute = Compute(torch.device("cpu"), "fp32")
    state = TrainState.fresh(recipe, compute)
    trainer = Trainer(recipe, state, ToyBatches(ring, GAMES, compute.device, recipe.seed), compute)
    moments, live = {}, display("the games appear here", display_id=True)
    with track(ROUNDS, "playing", "rounds") as progress:
        for number in range(1, ROUNDS + 1):
            trainer.step()
            progress.advance(1)
            if number % (ROUNDS // 20) == 0:
                points, beliefs = look(state)
                figure, row = plt.subplots(1, GAMES, figsize=(12, 3.2))
                for game, axes in enumerate(row):
                    paint(points[:, game], beliefs[game], axes)
                figure.suptitle(f"four games after {number:,} rounds")
                live.update(figure)
                plt.close(figure)
            if number in {ROUNDS * share // 20 for share in (1, 3, 6, 10, 15, 20)}:
                moments[number] = look(state)
    return moments, state


def strip(moments):
    """All games, a row for each, at six moments."""
    _, rows = plt.subplots(GAMES, len(moments), figsize=(12, 2 * GAMES), layout="constrained")
    for column, (number, (points, beliefs)) in enumerate(moments.items()):
        rows[0, column].set_title(f"{number:,} rounds")
        for game in range(GAMES):
            paint(points[:, game], beliefs[game], rows[game, column])


plain = kaogan.recipes.toy(loss="nonsaturating", copies=GAMES, steps=ROUNDS)
as_it_comes = plain.model_copy(update={"beta1": 0.9, "beta2": 0.999, "anneal_images": None})
moments, state = play(as_it_comes)

# %%
strip(moments)

# %% [markdown]
# **What to notice.** Follow one row. At first all generated points sit in one heap, or beside all
# of them. The discriminator learns "there, it is all forged", and the background around them turns
# orange; the generator moves all its points elsewhere, into the blue, and the hunt goes on. At no
# moment does it need to make *everything*: to deceive now, one good spot is enough. That is **mode
# collapse**. In faces it shows as a sheet on which all are sisters. Some games find the ring in the
# end, some lose it again; with another seed it is others.
#
# How bad is it? Do not trust your eyes alone. A point is *good* if it lies within three standard
# deviations of its heap; a heap is *covered* if at least one of 2,500 generated points is good and
# lies there. The real distribution would have 98.9% good points.

# %%
results = {}


def judge(name, state):
    points, _ = look(state)
    results[name] = [score_modes(points[:, game], ring.means, ring.sigma) for game in range(GAMES)]
    print(f"{name}:")
    for game, score in enumerate(results[name]):
        print(f"  game {game}: {score.covered} of 8 heaps, {score.high_quality:6.1%} good points")


judge("Adam as it comes", state)

# %% [markdown]
# ## 10. What helps
#
# **Forget faster.** Momentum averages over past gradients. But a past gradient is an answer to a
# past opponent, and following it overshoots: this is what drives the hunt in circles. So set the
# momentum to 0. And let the steps get shorter toward the end, so that the players settle. Nothing
# else changes, neither networks nor loss:

# %%
moments, state = play(plain)

# %%
strip(moments)
judge("no momentum, shorter steps", state)

# %% [markdown]
# **Give the players a better game.** Two more ideas, each a few lines in `kaogan.losses`:
#
# * *Relativistic pairing.* The discriminator no longer says "real" of each point by itself. It is
#   shown a pair, and says which of the two is the *more real*: $L_D =
#   \mathbb{E}\,\mathrm{softplus}\big(C(G(z)) - C(x)\big)$, and the generator wants the contrary. As
#   long as some real heap has higher logits than what is generated, somebody gains by going there,
#   so leaving a heap out never pays for long.
# * *R1 and R2*, penalties on the slope of the discriminator at real and at generated points,
#   $\tfrac{\gamma}{2}\,\mathbb{E}\lVert\nabla C\rVert^2$. Once the samples are right there is
#   nothing left to learn, and a discriminator that still has slopes there would only push them away
#   again. With the penalty, being right is a place of rest.
#
# Together, with Adam as above, this is the baseline of Huang et al., *The GAN is dead; long live
# the GAN!* (2024), and the default of `kaogan toy`. It bears steps six times as long. (Only
# differences of logits count here, so the tint of the background as a whole means nothing.)

# %%
moments, state = play(kaogan.recipes.toy(copies=GAMES, steps=ROUNDS))

# %%
strip(moments)
judge("relativistic, with R1 and R2", state)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(12, 2.6), layout="constrained")
for position, scores in enumerate(results.values()):
    colour = (FAKE, BELIEF, REAL)[position]
    jitter = position + np.linspace(-0.12, 0.12, GAMES)
    left.plot([score.covered for score in scores], jitter, "o", color=colour)
    right.plot([100 * score.high_quality for score in scores], jitter, "o", color=colour)
left.set(
    yticks=range(len(results)), yticklabels=results, xlim=(-0.3, 8.3), xlabel="heaps covered, of 8"
)
right.axvline(98.9, color=BELIEF, linewidth=0.8, linestyle=":")
right.set(yticks=[], xlim=(-2, 102), xlabel="good points, %; dotted: the real distribution")
for axes in (left, right):
    axes.invert_yaxis()

# %% [markdown]
# Each dot is a game: what was luck has become the rule. These are short games; what longer ones
# reach, on the ring and on a grid of 25 heaps, beside the figures of the published comparison, is
# what `kaogan toy bench` prints.
#
# ## 11. What you know now
#
# * A generator turns one distribution into another; a discriminator tells it in which direction.
# * The best discriminator is $p/(p+q)$; against it, the game measures how far $q$ is from $p$.
# * Beliefs of one half may mean success, or a blind judge. Look at the samples, and measure.
# * What the discriminator cannot see, the generator need not learn.
# * Momentum drives the players round in circles. Pairing, and a discriminator that comes to rest,
#   bring all modes home.
#
# On your own: `kaogan toy --data spiral --out runs/spiral` in a shell makes a film of such a game;
# `--data` also takes `grid`, `moons`, or a CSV file of points that you drew yourself. In [lab
# 2](2_anime_faces.ipynb) the points become faces, in 12,288 dimensions.
