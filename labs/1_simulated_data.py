# %% [markdown]
# # Lab 1: generative adversarial networks on simulated data
#
# A GAN consists of two networks that are trained against each other until one of them can produce
# new examples that look like its data. Before they generate faces, they generate *numbers* here.
# Then every density can be plotted, the best possible discriminator is a formula, and you can check
# each statement yourself.
#
# In this lab you
#
# 1. turn samples of one distribution into samples of another,
# 2. build the smallest possible generator and discriminator,
# 3. write down the loss, and see what it measures,
# 4. train both, first in a way that looks good but fails, then correctly,
# 5. go to two dimensions, see a GAN forget most of its data, and fix it.
#
# You need Python and a little PyTorch. You do not need to know anything about GANs. The lab takes
# about an hour of reading and a few minutes of computing on any laptop.

# %% [markdown]
# ## 1. Set-up
#
# The first cell installs kaogan if it is missing, for instance on Colab.

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

REAL, FAKE, GREY = "#2a6fbb", "#e8772e", "#444444"  # colours, the same in every picture
torch.manual_seed(0)
plt.rcParams.update({"figure.dpi": 100, "axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# There are three helper functions: histograms of two samples; the discriminator's real probability
# over them, which is explained below; and the formula of the normal distribution.


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


def show_probability(probability, axes, name="D(x)", colour=GREY, style="-"):
    """The curve of a probability, a function from x to [0, 1], on a separate axis at the right."""
    right = getattr(axes, "probability", None)
    if right is None:
        right = axes.probability = axes.twinx()
        right.axhline(0.5, color=GREY, linewidth=0.8, linestyle=":")
        right.set(ylim=(-0.02, 1.05), ylabel="probability that x is real")
    x = torch.linspace(*axes.get_xlim(), 400)
    right.plot(x, probability(x[:, None]).detach().flatten(), style, color=colour, label=name)
    right.legend(loc="upper left", bbox_to_anchor=(1.08, 1.0), frameon=False)


def log_normal(x, mean, deviation):
    """The logarithm of the normal density."""
    standard = (x - mean) / deviation
    return -0.5 * standard**2 - math.log(deviation * math.sqrt(2 * math.pi))


# %% [markdown]
# ## 2. Two players
#
# GANs draw faces of people who do not exist, turn sketches into photographs, sharpen small
# pictures, and make training data where real data are scarce or private. All of them work in the
# same way.
#
# Think of a painter who copies the style of an old master, and of an expert who is shown originals
# and copies. The expert learns to recognise copies. The painter never sees an original. He learns
# only from *how* the expert recognised his copies. When both are as good as they can be, the copies
# look like originals, and the expert can only guess.
#
# | in the story | in a GAN | written |
# |---|---|---|
# | originals | real data | $x \sim p$ |
# | the painter's random idea | a random vector, the *latent* | $z \sim N(0, I)$ |
# | the painter | the *generator* | $G(z)$ |
# | the copies | generated data | $G(z) \sim q$ |
# | the expert | the *discriminator* | $D(x)$, from 0 (copy) to 1 (original) |

# %% [markdown]
# ## 3. Real data, and a generator that we know already
#
# Our real data are numbers drawn from a normal distribution with mean 10 and standard deviation 1:
#
# $$x \sim N(10, 1).$$
#
# The latents come from the standard normal distribution $N(0, 1)$. To turn latents into data, we
# add 10:
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
# **What to notice.** No $z$ belongs to any particular $x$. Only the two *distributions* agree, and
# this is all that a generator has to achieve: it turns a distribution that we can draw from into
# the distribution of the data. Everything in these labs, including faces, works in the same way
# with more dimensions.
#
# In this example we knew the 10. For 63,000 faces there is no known formula. The generator has to
# *learn* the shift from examples alone.

# %% [markdown]
# ## 4. A generator that can learn
#
# Now the numbers become parameters: a linear layer with one input and one output,
#
# $$G(z) = w z + b.$$
#
# Since $z$ is normal, so is $G(z)$: it has mean $b$ and standard deviation $|w|$. It is perfect at
# $b = 10$ and $w = 1$, or $w = -1$, because the normal distribution is symmetric. Both answers are
# right, and the data cannot distinguish them. We start at $b = 0$, $w = 2$: too wide, and far away.


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
# The discriminator is the simplest classifier. A linear layer gives a number, the *logit*
# $C(x) = u x + c$. The sigmoid function turns it into a probability between 0 and 1, the real
# probability:
#
# $$D(x) = \sigma(C(x)) = \frac{1}{1 + e^{-C(x)}}.$$
#
# A logit of 0 means that the discriminator cannot tell, with probability 0.5. Each additional unit
# multiplies the odds by $e$. The layer gives logits, and the loss applies the sigmoid. In this form
# nothing overflows when the network is very sure.
#
# Train it for a moment, with the generator fixed. This is ordinary logistic regression: real
# samples have the label 1, generated ones 0.

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


def probability(x):
    return discriminator(x).sigmoid()


axes = show_samples(x, fake, "an expert against an untrained painter")
show_probability(probability, axes)

# %% [markdown]
# Where $D(x)$ is one half, the discriminator's decision changes. How many of the 5,000 samples on
# each side does it classify as real?


# %%
def count_passing(probability, real, fake):
    for name, sample in (("real", real), ("generated", fake)):
        passing = int((probability(sample) > 0.5).sum())
        print(f"{passing:5,} of {len(sample):,} {name} samples pass as real")


count_passing(probability, x, fake)

# %% [markdown]
# **What to notice.** The discriminator is nearly perfect, and it is still useful for the generator,
# because the curve has a *slope*. At every generated sample, the slope gives the direction that
# looks more real. The generator will follow this gradient.

# %% [markdown]
# ## 6. The loss (optional)
#
# You can skip this section and continue with section 7. It derives the loss.
#
# **From likelihood to cross-entropy.** Label every sample: $y = 1$ if it is real, $y = 0$ if it was
# generated. According to the discriminator, the label is 1 with probability $D(x)$. The probability
# of the observed label is then $D(x)^y \, (1 - D(x))^{1 - y}$: the first factor counts when
# $y = 1$, the second one when $y = 0$. For a whole sample these probabilities multiply, so their
# logarithms add. The log-likelihood per sample is
#
# $$\ell(D) = \frac{1}{n} \sum_i \Big[ y_i \log D(x_i) + (1 - y_i) \log\big(1 - D(x_i)\big) \Big],$$
#
# and its negative is called *binary cross-entropy*. Logistic regression maximises $\ell$.
#
# **The value function.** Put the real samples into the first term and the generated ones into the
# second, and replace averages by expectations:
#
# $$V(D, G) = \mathbb{E}_{x \sim p}\big[\log D(x)\big]
#            + \mathbb{E}_{z}\big[\log\big(1 - D(G(z))\big)\big].$$
#
# The discriminator maximises it: its probability should be high for real samples and low for
# generated ones. The generator can change only the second term, and minimises it:
#
# $$\min_G \max_D V(D, G).$$
#
# This is equation 1 of Goodfellow et al., *Generative Adversarial Nets* (2014).
#
# **The best discriminator.** Hold $G$ fixed, and let $q$ be the density of its samples. Then
# $V = \int p \log D + q \log (1 - D)$, and at each $x$ we may choose $D$ freely. The derivative of
# $p \log D + q \log(1 - D)$ is $p / D - q / (1 - D)$. It vanishes at
#
# $$D^*(x) = \frac{p(x)}{p(x) + q(x)}.$$
#
# Where real samples are twice as dense as generated ones, the correct probability is 2/3. In logits
# it is even simpler: $C^*(x) = \log p(x) - \log q(x)$.
#
# **What the generator then minimises.** Insert $D^*$, and write $m = (p + q)/2$ for the mixture:
#
# $$V(D^*, G) = \int p \log \frac{p}{2m} + \int q \log \frac{q}{2m}
#             = \mathrm{KL}(p \,\|\, m) + \mathrm{KL}(q \,\|\, m) - 2 \log 2
#             = 2 \, \mathrm{JSD}(p, q) - \log 4.$$
#
# JSD is the Jensen–Shannon divergence. It is 0 only where $p = q$, and never more than $\log 2$. So
# with a perfect discriminator, the game has one optimum: $q = p$, $D^* = 1/2$ everywhere, and
# $V = -\log 4$.
#
# You can compute this. The next cell computes both sides of the equation by summing over a fine
# grid, for a generator $N(b, 1)$ that approaches the data:

# %%
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
axes.plot(shifts, values, color=GREY, linewidth=4, alpha=0.4, label="$V(D^*, G)$")
axes.plot(shifts, divergences, "--", color=FAKE, label="$2\\,$JSD$ - \\log 4$")
axes.axhline(-math.log(4), color=REAL, linewidth=0.8, linestyle=":", label="$-\\log 4$")
axes.set(xlabel="b, the mean of the generated samples (the data's is 10)", ylabel="value")
axes.legend()
plt.show()

# %% [markdown]
# **What to notice.** The curves lie on each other, and reach $-\log 4$ at $b = 10$. At the left the
# curve is flat: while the generator is far away, a perfect discriminator gives it *no gradient at
# all*. The next section deals with this.

# %% [markdown]
# ## 7. Two losses for the generator
#
# At the start, generated samples are easy to recognise: $D(G(z))$ is nearly 0. There, $\log(1 - D)$
# is flat, and the generator learns almost nothing, although it has most to learn. Goodfellow et al.
# (2014) give the remedy: keep the discriminator's loss, and let the generator *maximise*
# $\log D(G(z))$ instead. The goal is the same, but the gradient is large where it is needed. In
# terms of the logit
# $t = C(G(z))$, with $\mathrm{softplus}(t) = \log(1 + e^t)$:
#
# | | the generator minimises | its derivative |
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
# Both are cross-entropies, which makes them easy to write. The discriminator's loss has targets 1
# for real and 0 for generated samples. The generator's loss has the target 1 for generated samples.
# Generator and discriminator have different goals, so there are two losses and two optimisers.


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
# One training step:
#
# 1. draw latents, make samples;
# 2. the discriminator takes one optimizer step on its loss. `detach()` holds the generator fixed;
# 3. the generator takes one optimizer step on its own loss, *through* the discriminator: the
#    gradient tells each sample how to move, and so how $w$ and $b$ must change.
#
# Every step uses all 5,000 real samples. During the training, we record four values: $w$ and $b$,
# and the discriminator's mean real probability for real samples, $D(x)$, and for generated ones,
# $D(G(z))$. When it can no longer tell them apart, both are one half.
#
# We know both densities ($q$ is $N(b, w^2)$). So we can also compute the real probability of the
# *best* discriminator at that moment: $D^* = p / (p + q)$. For real data this is not possible.


# %%
def ideal_logit(x, generator):
    """The logit of D* = p / (p + q), for p = N(10, 1) and q = N(b, w^2)."""
    b, w = generator.bias.item(), max(abs(generator.weight.item()), 1e-6)
    return log_normal(x, 10, 1) - log_normal(x, b, w)


def distance(real, fake):
    """How far samples must move on average to become the others (Wasserstein-1), in 1-D."""
    return (real.flatten().sort().values - fake.flatten().sort().values).abs().mean().item()


def train(generator, discriminator, steps, lr=0.02):
    """Train; return the history, and the generator's best weights."""
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr, betas=(0.5, 0.9))
    optimizer_g = torch.optim.Adam(generator.parameters(), lr, betas=(0.5, 0.9))
    # Both learning rates fall linearly to zero, so that the training converges.
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

            # The generator's update, with the logits of the updated discriminator.
            optimizer_g.zero_grad()
            generator_loss(discriminator(fake)).backward()
            optimizer_g.step()

            d_real, d_fake = (c.sigmoid().mean().item() for c in (real_logits, fake_logits))
            w, b = generator.weight.item(), generator.bias.item()
            history.append([w, b, d_real, d_fake, *ideal])
            if (now := distance(x, fake)) < best_distance:
                best_distance = now
                best = {key: value.clone() for key, value in generator.state_dict().items()}
            for schedule in shorter:
                schedule.step()
            progress.advance(1, f"D(x) {d_real:.2f}  D(G(z)) {d_fake:.2f}")
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
        left.axhline(target, color=GREY, linewidth=0.8, linestyle=":")
    left.set(xlabel="steps", title="the generator")
    right.plot(ideal_real, color=REAL, alpha=0.3, linewidth=4, label="$D^*$(x), the best possible")
    right.plot(ideal_fake, color=FAKE, alpha=0.3, linewidth=4, label="$D^*$(G(z))")
    right.plot(real, color=REAL, linewidth=1, label="D(x)")
    right.plot(fake, color=FAKE, linewidth=1, label="D(G(z))")
    right.axhline(0.5, color=GREY, linewidth=0.8, linestyle=":")
    right.set(xlabel="steps", ylim=(-0.02, 1.02), title="mean real probabilities")
    left.legend(loc="center right")
    right.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


show_history(history)

# %% [markdown]
# First read the thin lines at the right, as you would for any GAN: $D(x)$ and $D(G(z))$ start
# apart, meet, and oscillate around one half. Is the training done? Look at the generated samples
# before you answer.

# %%
fake = generator(torch.randn(N, 1)).detach()
print(f"generator: b = {generator.bias.item():.2f}, w = {generator.weight.item():.3f}")
axes = show_samples(x, fake, "the expert is undecided, and the painter paints one picture")
axes.set_ylim(0, 1.5)
show_probability(probability, axes)
show_probability(lambda s: ideal_logit(s, generator).sigmoid(), axes, "$D^*(x)$", GREY, "--")
count_passing(probability, x, fake)

# %% [markdown]
# **What to notice.** The generator makes *one number* again and again. The trained discriminator is
# at one half, but the ideal one (thick lines, dashed curve) is not: it would recognise this
# immediately. Mean probabilities of one half do not mean that the samples are good. They mean that
# *this* discriminator cannot tell them apart.
#
# This has a simple reason. Our discriminator's logit is a straight line, so it can only say "more
# to the right" or "more to the left". It compares means and cannot see the spread. The generator's
# loss is convex along that line, so spread only increases the loss, and the generator removes it.
# **A generator does not learn what its discriminator cannot see.** This is the most important
# sentence of this lab, and you have just seen *mode collapse* in its smallest form.
#
# The best possible logit shows what the discriminator lacks:
#
# $$C^*(x) = \log p(x) - \log q(x)
#          = \frac{(x - b)^2}{2 w^2} - \frac{(x - 10)^2}{2} + \log |w|.$$
#
# If $|w| = 1$, the squares cancel, and a straight line is enough: logistic regression is then the
# exact solution. Otherwise the best discriminator has a *parabola*. So give it one more input, the
# square.


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
# Now the generator finds the spread as well, and both pairs of lines, thin and thick, end at one
# half. On the way the generator overshot and turned back, because each network's loss changes when
# the other network changes. Therefore the last generator is not always the best one. We kept the
# weights for which generated and real samples were nearest to each other, and draw with them.

# %%
generator.load_state_dict(best)
fake = generator(torch.randn(N, 1)).detach()
print(f"kept: b = {generator.bias.item():.2f}, w = {generator.weight.item():.2f}")
axes = show_samples(x, fake, "after training: which is which?")
show_probability(probability, axes)
show_probability(lambda s: ideal_logit(s, generator).sigmoid(), axes, "$D^*(x)$", GREY, "--")
count_passing(probability, x, fake)

# %% [markdown]
# The generator has learned a mean and a spread from the discriminator alone. The two probability
# curves at the far ends do not matter, because there are no samples there.
#
# **Try it.** Start the generator at $b = 20$. Make the generator's `lr` ten times that of the
# discriminator. Use `-softplus(discriminator(fake)).mean()` (minimax) as the generator's loss.
# Which of these trainings still converge?
#
# <details><summary>Answer</summary>
#
# With the square, all of them. We measured after 4,000 steps:
#
# | | $b$ | $\lvert w \rvert$ | $b$ on the way |
# |---|---|---|---|
# | as above | 10.00 | 0.95 | −0.2 to 12.4 |
# | start at $b = 20$ | 9.99 | 0.99 | 7.4 to 20.5 |
# | ten times the `lr` for the generator | 9.99 | 0.97 | −2.2 to 11.6 |
# | minimax | 10.00 | 0.99 | −0.2 to 10.3 |
#
# The generator finds the data from either side. With the larger `lr` it first runs away from the
# data, because the discriminator is still untrained, and then turns back. Minimax does not fail
# here, although its gradient is small while the generator loses. Adam divides each gradient by its
# usual size, so small gradients still make full steps. And three numbers make a weak discriminator,
# which is never as sure as a large network on pictures.
#
# </details>

# %% [markdown]
# ## 9. Two dimensions: what goes wrong
#
# The next data are points in a plane: eight small clusters on a circle, the *ring*, a classic test.
# Each cluster is a *mode* of the distribution, and a generator must find all eight. The latent has
# two entries as well, and both networks are small, with three hidden layers.
#
# We do not write a new loop: kaogan's `Trainer` makes the same two updates as yours above. Four
# objects take the place of your loop and its variables:
#
# * `recipe`: everything that is chosen before a training and does not change: the loss, sizes of
#   the networks, the batch, Adam's settings.
# * `state`, a `TrainState`: everything that changes in a training. It holds your `generator`,
#   `discriminator`, `optimizer_g` and `optimizer_d`, an average of the generator's weights, and
#   `images_seen`, the number of real samples that were shown.
# * `batches`: the next real points, in place of your `x`.
# * `trainer`: the body of your loop. `trainer.step()` takes a batch and latents, updates the
#   discriminator, then the generator, both in the `state`, and returns the two losses and the two
#   mean real probabilities.
#
# `Compute` says on which device, and in which number format. Because the whole training is in one
# object, kaogan can save it and continue later. Here we use it to look at the networks between two
# steps: `state.generator(z)` are points, `state.discriminator(points)` are logits.
#
# Such trainings depend strongly on chance, so we run four at once, with different initial weights.
# The picture of a training shows
#
# * real points in blue, generated ones in orange,
# * the discriminator's real probability as the background: blue where it says "real", orange where
#   it says "generated".
#
# We start with PyTorch's usual optimiser: Adam with its default settings, a learning rate of 0.001
# and a momentum of 0.9. First, a single step:

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
compute = Compute(torch.device("cpu"), "fp32")


def new_training(recipe):
    """A trainer whose `state` is that before the first step."""
    batches = ToyBatches(ring, GAMES, compute.device, recipe.seed)
    return Trainer(recipe, TrainState.fresh(recipe, compute), batches, compute)


usual = {"loss": "nonsaturating", "copies": GAMES, "steps": ROUNDS}
default_adam = {"beta1": 0.9, "beta2": 0.999, "anneal_images": None}  # and a constant learning rate
as_it_comes = kaogan.recipes.toy(**usual, **default_adam)
trainer = new_training(as_it_comes)
print(f"real points seen: {trainer.state.images_seen}")
stats = trainer.step()
print(f"real points seen: {trainer.state.images_seen}, in each of the {GAMES} trainings")
print(f"loss of D {stats.loss_d:.2f}, of G {stats.loss_g:.2f}", end="; ")
print(f"D(x) {stats.d_real:.2f}, D(G(z)) {stats.d_fake:.2f}")

# %% [markdown]
# Before learning, both probabilities are near one half. Now many steps, and pictures on the way:


# %%
@torch.no_grad()
def look(state, count=2_500):
    """Generated points, count x GAMES x 2, and D on the lattice, GAMES x SIDE x SIDE."""
    z = torch.randn(count, 2 * GAMES, generator=torch.Generator().manual_seed(0))
    logits = state.discriminator(lattice[:, None].expand(-1, GAMES, -1))
    return state.generator(z), logits.view(SIDE, SIDE, GAMES).permute(2, 1, 0).sigmoid()


def paint(points, probability, axes):
    """One training."""
    axes.imshow(
        probability, origin="lower", extent=(-1.6, 1.6, -1.6, 1.6), cmap=FIELD, vmin=0, vmax=1
    )
    axes.scatter(*some_real.T, s=6, color=REAL)
    axes.scatter(*points[:500].T, s=2, color=FAKE)
    axes.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), xticks=[], yticks=[])


FIELD = plt.matplotlib.colors.LinearSegmentedColormap.from_list("D", ["#fbd9bf", "#fff", "#c3daf3"])


# %%
def play(recipe):
    """Run all trainings at once; return their pictures at six moments, and the last state."""
    trainer = new_training(recipe)
    moments, live = {}, display("the trainings appear here", display_id=True)
    with track(ROUNDS, "training", "steps") as progress:
        for number in range(1, ROUNDS + 1):
            trainer.step()
            progress.advance(1)
            if number % (ROUNDS // 20) == 0:
                points, probabilities = look(trainer.state)
                figure, row = plt.subplots(1, GAMES, figsize=(12, 3.2))
                for game, axes in enumerate(row):
                    paint(points[:, game], probabilities[game], axes)
                figure.suptitle(f"four trainings after {number:,} steps")
                live.update(figure)
                plt.close(figure)
            if number in {ROUNDS * share // 20 for share in (1, 3, 6, 10, 15, 20)}:
                moments[number] = look(trainer.state)
    return moments, trainer.state


def strip(moments):
    """All trainings, a row for each, at six moments."""
    _, rows = plt.subplots(GAMES, len(moments), figsize=(12, 2 * GAMES), layout="constrained")
    for column, (number, (points, probabilities)) in enumerate(moments.items()):
        rows[0, column].set_title(f"{number:,} steps")
        for game in range(GAMES):
            paint(points[:, game], probabilities[game], rows[game, column])


moments, state = play(as_it_comes)

# %%
strip(moments)

# %% [markdown]
# **What to notice.** Follow one row. At first all generated points are in one cluster, or beside
# all of them. The discriminator learns that all points there are generated, and the background
# around them turns orange. The generator moves all its points elsewhere, into the blue, and this
# repeats. The generator never needs to make *everything*: one good position is enough to fool the
# current discriminator. This is **mode collapse**. With faces, it shows as a grid of very similar
# faces. Some trainings find the ring in the end, and some lose it again. With another seed, other
# trainings do.
#
# Measure it, because impressions can deceive. A point is *good* if it lies within three standard
# deviations of its cluster. A cluster is *covered* if at least one of 2,500 generated points is
# good and lies there. The real distribution would have 98.9% good points.

# %%
results = {}


def judge(name, state):
    points, _ = look(state)
    results[name] = [score_modes(points[:, game], ring.means, ring.sigma) for game in range(GAMES)]
    print(f"{name}:")
    for game, score in enumerate(results[name]):
        print(f"  run {game}: {score.covered} of 8 clusters, {score.high_quality:6.1%} good points")


judge("Adam, default settings", state)

# %% [markdown]
# ## 10. What helps
#
# **Less momentum.** Momentum averages over past gradients. But a past gradient belongs to a past
# opponent, and following it overshoots. This causes the circling. So set the momentum to 0, and
# lower the learning rate toward the end, so that the networks converge. Networks and loss stay the
# same:

# %%
moments, state = play(kaogan.recipes.toy(**usual))

# %%
strip(moments)
judge("no momentum, falling learning rate", state)

# %% [markdown]
# **A better loss.** Two more ideas, each a few lines in `kaogan.losses`:
#
# * *Relativistic pairing.* The discriminator no longer classifies each point by itself. It gets a
#   pair, and decides which of the two is the *more real*:
#   $L_D = \mathbb{E}\,\mathrm{softplus}\big(C(G(z)) - C(x)\big)$. The generator's goal is the
#   opposite. As long as some real cluster has higher logits than the generated points, some
#   generated points can reduce the loss by moving there, so leaving a cluster out is never an
#   advantage for long.
# * *R1 and R2*, penalties on the gradient of the discriminator at real and at generated points,
#   $\tfrac{\gamma}{2}\,\mathbb{E}\lVert\nabla C\rVert^2$. Once the samples are right, nothing is
#   left to learn, and a discriminator that still has a gradient there would only push them away
#   again. With the penalty, the correct solution is stable.
#
# Together, with Adam as above, this is the baseline of Huang et al., *The GAN is dead; long live
# the GAN!* (2024), and the default of `kaogan toy`. It allows a learning rate six times as large.
# (Only differences of logits count here, so the overall tint of the background has no meaning.)

# %%
moments, state = play(kaogan.recipes.toy(copies=GAMES, steps=ROUNDS))

# %%
strip(moments)
judge("relativistic, with R1 and R2", state)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(12, 2.6), layout="constrained")
for position, scores in enumerate(results.values()):
    colour = (FAKE, GREY, REAL)[position]
    jitter = position + np.linspace(-0.12, 0.12, GAMES)
    left.plot([score.covered for score in scores], jitter, "o", color=colour)
    right.plot([100 * score.high_quality for score in scores], jitter, "o", color=colour)
left.set(
    yticks=range(len(results)), yticklabels=results, xlim=(-0.3, 8.3), xlabel="clusters covered"
)
right.axvline(98.9, color=GREY, linewidth=0.8, linestyle=":")
right.set(yticks=[], xlim=(-2, 102), xlabel="good points, %; dotted: the real distribution")
for axes in (left, right):
    axes.invert_yaxis()

# %% [markdown]
# Each dot is a training. With the better loss, success no longer depends on luck. These trainings
# are short. `kaogan toy bench` prints the results of longer ones, on the ring and on a grid of 25
# clusters, beside the numbers of the published comparison.
#
# ## 11. What you know now
#
# * A generator turns one distribution into another. A discriminator gives it the direction.
# * The best discriminator is $p/(p+q)$. With it, the loss measures how far $q$ is from $p$.
# * Real probabilities of one half may mean success, or a discriminator that cannot see the
#   difference. Look at the samples, and measure.
# * A generator does not learn what its discriminator cannot see.
# * Momentum makes the networks circle. Pairing, and a discriminator with a penalised gradient,
#   recover all modes.
#
# To continue: `kaogan toy --data spiral --out runs/spiral` in a shell makes a film of such a
# training. `--data` also takes `grid`, `moons`, or a CSV file of points that you drew yourself. In
# [lab 2](2_anime_faces.ipynb) the points become faces, in 12,288 dimensions.
# [Lab 5](5_the_modern_game.ipynb) takes the better loss of section 10 apart.
