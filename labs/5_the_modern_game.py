# %% [markdown]
# # Lab 5: the modern game
#
# The DCGAN of [lab 2](2_anime_faces.ipynb) is from 2016. Its networks are still good. Its *game*,
# the loss and what surrounds it, is not: it forgets modes, and it circles. At the end of [lab
# 1](1_simulated_data.ipynb) a newer game found every cluster of the ring. Here we take this game
# apart. It is the baseline of Huang et al., *The GAN is dead; long live the GAN!* (2024), and the
# default of `kaogan train`. You
#
# 1. write the relativistic loss, and compute why it keeps modes,
# 2. watch the smallest GAN circle, and stop it with a penalty on the gradient,
# 3. measure each piece by itself, on a grid of 25 clusters,
# 4. show the discriminator whole groups of pictures,
# 5. write the complete training step, and check that it is kaogan's,
# 6. train faces in both games for a few minutes, and measure which is better.
#
# There are three exercises, with folded hints and solutions. Computing takes about ten minutes on a
# laptop.

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
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn.functional import softplus

import kaogan
from kaogan.data.toy import Grid, ToyBatches
from kaogan.metrics.modes import score_modes
from kaogan.progress import track
from kaogan.training.precision import Compute
from kaogan.training.state import TrainState
from kaogan.training.trainer import Trainer

# Our own tests run this lab with less of everything; you leave it at False.
QUICK = os.environ.get("KAOGAN_LAB_QUICK") == "1"

REAL, FAKE, GREY = "#2a6fbb", "#e8772e", "#444444"  # colours, the same in every picture
COMPUTE = Compute(torch.device("cpu"), "fp32")
plt.rcParams.update({"figure.dpi": 100, "axes.spines.top": False, "axes.spines.right": False})
torch.manual_seed(0)
print(f"kaogan {kaogan.__version__}")

# %% [markdown]
# ## 2. The relativistic loss
#
# The classical discriminator looks at one sample and says how probable it is that this sample is
# real. The loss of the generator is then a sum over its own samples, $\mathrm{softplus}(-C(G(z)))$
# for each. Every sample moves to a place where *it* looks real. Nobody asks whether another sample
# is there already. This is how modes get lost.
#
# The relativistic discriminator (Jolicoeur-Martineau, 2018) looks at a *pair*, one real sample $x$
# and one generated sample $G(z)$, and says which of the two is the real one. Only the difference of
# the two logits counts:
#
# $$L_D = \mathbb{E}\,\mathrm{softplus}\big(C(G(z)) - C(x)\big), \qquad
#   L_G = \mathbb{E}\,\mathrm{softplus}\big(C(x) - C(G(z))\big).$$


# %% tags=["loss"]
def discriminator_loss(real_logits, fake_logits):
    return softplus(fake_logits - real_logits).mean()


def generator_loss(real_logits, fake_logits):
    return softplus(real_logits - fake_logits).mean()


# %% [markdown]
# The real samples are now in the generator's loss, too. How strongly a generated sample is pulled
# depends on how much *more* real the real ones look. While the data have a mode that the generator
# leaves out, the logits there are high, and all generated samples are pulled.
#
# ### Why modes are kept, in the smallest case
#
# Take two real points, $A$ and $B$, and two generated ones. Both generated points are at $A$: the
# generator has collapsed. To repair this, one of them must go to $B$, and on the way it is at
# neither. What does a *perfect* discriminator reach at each of the three moments? The generator
# wants this value to be low, so it can only walk downhill.
#
# A perfect discriminator may choose its logit at every place freely. There are only three places,
# so we let an optimiser find the three logits.

# %%
A, B, BETWEEN = range(3)  # three places


def best_value(value):
    """The largest value that a discriminator reaches, with a logit for each place."""
    logits = torch.zeros(3, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.3)
    for _ in range(1_000):
        optimizer.zero_grad()
        (-value(logits)).backward()
        optimizer.step()
    return value(logits).item()


def classical(real, fake):
    """E log D(x) + E log(1 - D(G(z))), equation 1 of lab 1."""
    return lambda c: -softplus(-c[real]).mean() - softplus(c[fake]).mean()


def relativistic(real, fake):
    """E log of the probability that x is recognised as the real one of its pair."""
    return lambda c: -softplus(c[fake] - c[real]).mean()


moments = {"both at A": [A, A], "one on its way": [A, BETWEEN], "one at A, one at B": [A, B]}
figure, axes = plt.subplots(figsize=(7, 3))
for game, colour in ((classical, FAKE), (relativistic, REAL)):
    values = [best_value(game([A, B], fake)) for fake in moments.values()]
    print(f"{game.__name__:13}", *(f"{value:6.2f}" for value in values))
    axes.plot(list(moments), values, "o-", color=colour, label=game.__name__)
axes.set(ylabel="value, low is good for G")
axes.legend()
plt.show()

# %% [markdown]
# **What to notice.** In the classical game there is a *wall*: −0.95, −0.69, −1.39. To reach the
# better state, the generator must first get worse, and gradient descent does not do this. A
# collapsed generator stays collapsed. In the relativistic game the way is flat, then down: −0.35,
# −0.35, −0.69. Nothing holds the generator back. Sun, Fang and Schwing (*Towards a better global
# loss landscape of GANs*, 2020) proved this for any number of points.
#
# > **Exercise 8.** Above, $A$ is always paired with the first generated point, and $B$ with the
# > second. In a training, pairs are drawn anew in each step, so that on average every real point
# > meets every generated one. Compute the three values for all four pairs. What becomes of the
# > wall?
#
# <details><summary>Hint</summary>
#
# `c[fake][:, None] - c[real][None]` is a table of all differences.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def all_pairs(real, fake):
#     return lambda c: -softplus(c[fake][:, None] - c[real][None]).mean()
#
#
# print(*(f"{best_value(all_pairs([A, B], fake)):6.2f}" for fake in moments.values()))
# ```
#
# −0.35, −0.17, −0.69: a wall again. The theorem is about fixed pairs and perfect discriminators. It
# says why the loss *can* keep modes, and not that every training does. A real discriminator is
# smooth and never perfect, and pairs change. So we measure, in section 4.
#
# </details>

# %%
# Your turn.

# %% [markdown]
# ## 3. R1 and R2: the end of the circling
#
# The smallest GAN there is (Mescheder, Geiger and Nowozin, *Which training methods for GANs do
# actually converge?*, 2018): all real data are the number 0. The generator always draws the number
# $\theta$. The discriminator is a line through 0, $C(x) = \psi x$. The solution is $\theta = 0$ and
# $\psi = 0$. With the relativistic loss and gradient descent, one step is
#
# $$\psi \leftarrow \psi - \eta\,\theta\,\sigma(\psi\theta), \qquad
#   \theta \leftarrow \theta + \eta\,\psi\,\sigma(-\psi\theta).$$
#
# The slope $\psi$ tells the generator where to go. But when $\theta$ arrives at 0, the slope is
# still there and pushes it on, to the other side. *R1* is a penalty on the discriminator's gradient
# at real samples, and *R2* the same at generated ones:
#
# $$R_1 = \tfrac{\gamma}{2}\,\mathbb{E}_x \lVert \nabla C(x) \rVert^2, \qquad
#   R_2 = \tfrac{\gamma}{2}\,\mathbb{E}_z \lVert \nabla C(G(z)) \rVert^2.$$
#
# Here the gradient of $C$ is $\psi$ everywhere, so each of them adds $-\eta\gamma\psi$ to the
# discriminator's step: a brake.


# %%
def sigmoid(t):
    return (1 + np.tanh(t / 2)) / 2


def walk(gamma, steps=500, rate=0.1, momentum=0.0):
    """theta and psi, step by step, from (1, 0); `gamma` is the weight of R1 and R2 together."""
    theta, psi, v_theta, v_psi = 1.0, 0.0, 0.0, 0.0
    path = [(theta, psi)]
    for _ in range(steps):
        v_psi = momentum * v_psi - theta * sigmoid(psi * theta) - gamma * psi
        psi += rate * v_psi
        v_theta = momentum * v_theta + psi * sigmoid(-psi * theta)
        theta += rate * v_theta
        path.append((theta, psi))
    return np.array(path)


figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.4))
for gamma, colour in ((0, FAKE), (0.1, GREY), (1, REAL)):
    path = walk(gamma)
    left.plot(*path.T, color=colour, linewidth=1, label=f"γ = {gamma}")
    right.plot(path[:, 0], color=colour, label=f"γ = {gamma}")
    print(f"gamma {gamma:3}: after 500 steps theta is {path[-1, 0]:6.3f}")
left.plot(0, 0, "+", color="black", markersize=12)
left.set(xlabel="θ, the generator", ylabel="ψ, the discriminator", aspect="equal")
right.set(xlabel="steps", ylabel="θ (should be 0)")
right.legend(loc="upper right")
plt.show()

# %% [markdown]
# **What to notice.** Without a penalty the two go round and round, and hardly come nearer to the
# solution. With a small one they spiral into it, and with a larger one they go straight there.
# Where real and generated samples agree there is nothing to tell apart, so the discriminator should
# be flat there, and the penalty makes it flat.
#
# Why both penalties? R1 acts where real samples are. Early in a training the generated ones are
# somewhere else, and there the gradient could grow without a limit. R2 acts there.
#
# > **Exercise 9.** Give both players momentum (`momentum=0.9`), with the penalty of γ = 1 and
# > without it. What happens? Lab 1 trained with momentum 0.9 first, and with 0 later.
#
# <details><summary>Hint</summary>
#
# `walk(0, momentum=0.9)`. Look at the first 200 steps, and at the last value.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# figure, axes = plt.subplots(figsize=(7, 2.8))
# for gamma, momentum in ((0, 0.9), (1, 0.9), (1, 0)):
#     theta = walk(gamma, momentum=momentum)[:, 0]
#     axes.plot(theta, label=f"γ = {gamma}, momentum {momentum}")
#     largest, last = np.abs(theta).max(), theta[-1]
#     print(f"gamma {gamma}, momentum {momentum}: largest {largest:.2f}, last {last:.2f}")
# axes.set(ylim=(-3, 3))
# axes.legend();
# ```
#
# Momentum alone makes the circles larger and larger: after 500 steps $\theta$ is beyond $10^{13}$.
# Past gradients point to where the opponent was. With the penalty the walk ends at 0 with momentum
# as well as without. So a penalty also makes a training less sensitive to its other settings.
#
# </details>

# %%
# Your turn.

# %% [markdown]
# For networks, the gradient of each logit by its own sample comes from `torch.autograd.grad`.
# `create_graph=True` makes it differentiable itself, because the discriminator must learn to have a
# smaller gradient.


# %% tags=["penalty"]
def squared_gradients(samples, logits):
    """The squared length of the gradient of each logit by its own sample."""
    (gradients,) = torch.autograd.grad(logits.sum(), samples, create_graph=True)
    return gradients.flatten(1).square().sum(1)


# %% [markdown]
# ## 4. Points: each piece by itself
#
# The data are 25 clusters on a grid. There are five games. All have the same small networks, no
# momentum, and learning rates that fall to 0. With penalties the learning rate can be six times as
# large, which is one of their benefits. We train four pairs of networks at once for each game, as
# in lab 1, section 9, which explains `TrainState` and `Trainer`.

# %%
COPIES = 4
ROUNDS = 30 if QUICK else 2_000
grid = Grid()
both = {"r1": 0.1, "r2": 0.1}
games = {
    "classical": {"loss": "nonsaturating"},
    "relativistic": {"loss": "relativistic", "penalties": {}},
    "classical, R1 and R2": {"loss": "nonsaturating", "penalties": both},
    "relativistic, R1": {"loss": "relativistic", "penalties": {"r1": 0.1}},
    "relativistic, R1 and R2": {"loss": "relativistic", "penalties": both},
}


def play(**options):
    """Generated points after a training, 2,500 x COPIES x 2."""
    recipe = kaogan.recipes.toy(copies=COPIES, steps=ROUNDS, **options)
    state = TrainState.fresh(recipe, COMPUTE)
    trainer = Trainer(recipe, state, ToyBatches(grid, COPIES, COMPUTE.device, 0), COMPUTE)
    with track(ROUNDS, "training", "steps") as progress:
        for _ in range(ROUNDS):
            trainer.step()
            progress.advance(1)
    z = torch.randn(2_500, 2 * COPIES, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return state.generator(z)


points = {name: play(**options) for name, options in games.items()}

# %%
some_real = grid.sample(1_000, torch.Generator().manual_seed(0))
figure, row = plt.subplots(1, len(points), figsize=(15, 3.4), layout="constrained")
for axes, (name, drawn) in zip(row, points.items(), strict=True):
    axes.scatter(*some_real.T, s=4, color=REAL)
    axes.scatter(*drawn[:1_000, 0].T, s=1, color=FAKE)
    axes.set(title=name, xlim=(-5, 5), ylim=(-5, 5), xticks=[], yticks=[], aspect="equal")


def scores(drawn):
    """The score of each copy."""
    return [score_modes(drawn[:, copy], grid.means, grid.sigma) for copy in range(COPIES)]


for name, drawn in points.items():
    covered = ", ".join(f"{score.covered:2}" for score in scores(drawn))
    good = np.mean([score.high_quality for score in scores(drawn)])
    print(f"{name:24} clusters covered: {covered} of 25    good points: {good:4.0%}")

# %% [markdown]
# **What to notice.** All five find most clusters in 2,000 steps, and none is finished: of real
# points 99% would be good. The penalties make the largest difference, 24% and 28% good points with
# both of them, 8% and 10% with none. The loss by itself changes little here. R1 alone is less
# reliable than both: one of its four trainings found only 17 clusters. Another seed gives other
# numbers, so trust large differences only. On the ring of lab 1 it was momentum that lost clusters.
#
# > **Exercise 10.** How strong must the penalties be? Play the complete game with
# > γ = 0.001, 0.1 and 10.
#
# <details><summary>Hint</summary>
#
# `play(penalties={"r1": gamma, "r2": gamma})`, with the same `scores`.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# for gamma in (0.001, 0.1, 10):
#     result = scores(play(penalties={"r1": gamma, "r2": gamma}))
#     covered = [score.covered for score in result]
#     good = np.mean([score.high_quality for score in result])
#     print(f"gamma {gamma:5}: clusters covered {covered}, good points {good:.0%}")
# ```
#
# We measured 21%, 28% and 5% good points. With γ = 10 between 17 and 22 clusters were covered: the
# discriminator has to be nearly flat, so it cannot tell a cluster from the gap beside it. With γ =
# 0.001 nothing slows it down, and the large learning rate does harm.
# It depends on the scale of the data: `kaogan.recipes.toy` has 0.1, and `standard`, for pictures,
# has 1.
#
# </details>

# %%
# Your turn.

# %% [markdown]
# ## 5. Groups of pictures
#
# One thing a discriminator of single samples can never see: that all pictures of a batch are alike.
# So it is told. The *minibatch standard deviation* (Karras et al., *Progressive growing of GANs*,
# 2018) takes small groups of pictures, computes how much their feature maps differ, and appends
# this one number to the maps of each of them, as a constant channel:
#
# $$s = \operatorname*{mean}_{c, h, w} \sqrt{\operatorname{Var}_{\text{group}}(x_{c,h,w})}.$$


# %%
def group_deviation(maps, group=4):
    """How much the maps of neighbours in a batch differ, a number for each group."""
    groups = maps.unflatten(0, (-1, group))
    variance = (groups - groups.mean(1, keepdim=True)).square().mean(1)
    return (variance + 1e-8).sqrt().mean((1, 2, 3))


SIZE = 32
COUNT = 400 if QUICK else 4096
folder = Path(f"data/avatars-{SIZE}-{COUNT}")
if folder.exists():
    dataset = kaogan.open_dataset(folder)
else:
    dataset = kaogan.draw_avatars(folder, count=COUNT, size=SIZE, progress=True)


def to_model(pixels):
    """From N x H x W x 3, whole numbers from 0 to 255, to N x 3 x H x W in [-1, 1]."""
    return torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1


def sheet(pictures, columns=16, zoom=1.5):
    """Pictures (N x H x W x 3) as one picture."""
    image = kaogan.to_pil(kaogan.grid(pictures, columns))
    return image.resize((round(image.width * zoom), round(image.height * zoom)))


real = to_model(dataset.train[:256])
few = real[torch.randint(4, (256,))]  # as from a generator that knows four faces
for name, pictures in (("real pictures", real), ("a generator with four faces", few)):
    found = group_deviation(pictures)
    print(f"{name:28} s = {found.mean():.2f}, from {found.min():.2f} to {found.max():.2f}")

# %% [markdown]
# Each of the four faces is *perfect*, a real picture. Only the groups give the generator away:
# neighbours are often equal, so $s$ is smaller. In `kaogan.models.dcgan` the layer `MinibatchStd`
# stands before the last convolution, where maps are 4×4 pixels.
#
# ## 6. The training step, written out
#
# Here is the complete step. Compare it with that of lab 2: the discriminator's loss has pairs and
# two penalties, and the generator's loss gets the logits of real pictures, too. Batch norm is
# missing from the discriminator, because with it a logit depends on the whole batch, and its
# gradient means nothing. The momentum of Adam is 0.
#
# The penalties cost time, as they need the gradient of a gradient. They change slowly, so it is
# enough to apply them in every fourth step, four times as strongly (*lazy* penalties, Karras et
# al., 2020).


# %% tags=["step"]
def train_step(x, z, penalised):
    """One step. Returns both losses."""
    fake = generator(z)

    # The discriminator's update. Its gradient by the samples is needed for the penalties.
    x_in, fake_in = x.detach().requires_grad_(), fake.detach().requires_grad_()
    real_logits, fake_logits = discriminator(x_in), discriminator(fake_in)
    loss_d = discriminator_loss(real_logits, fake_logits)
    if penalised:
        r1 = GAMMA / 2 * squared_gradients(x_in, real_logits).mean()
        r2 = GAMMA / 2 * squared_gradients(fake_in, fake_logits).mean()
        loss_d = loss_d + EVERY * (r1 + r2)
    optimizer_d.zero_grad()
    loss_d.backward()
    optimizer_d.step()

    # The generator's update, with the logits of the updated discriminator.
    loss_g = generator_loss(discriminator(x), discriminator(fake))
    optimizer_g.zero_grad()
    loss_g.backward()
    optimizer_g.step()
    return loss_d.item(), loss_g.item()


GAMMA = 1.0  # weight of R1 and of R2
EVERY = 4  # steps from one with penalties to the next
LEARNING_RATE = 6e-4


def new_optimizer(network):
    return torch.optim.Adam(network.parameters(), LEARNING_RATE, betas=(0.0, 0.99))


# %% [markdown]
# Is it kaogan's? Both start with the same weights and get the same pictures and latents: two steps,
# the first one with penalties.

# %%
from kaogan.data.batches import ImageBatches

IMAGES = 640 if QUICK else 40_000  # real pictures to look at, some of them several times
same = {"size": SIZE, "width": 16, "batch": 16}
modern = kaogan.recipes.standard(**same, lr=LEARNING_RATE, anneal_images=IMAGES)
state = TrainState.fresh(modern, COMPUTE)
trainer = Trainer(modern, state, ImageBatches(dataset.train, COMPUTE.device, 0), COMPUTE)

generator, discriminator = modern.model.generator(), modern.model.discriminator()
generator.load_state_dict(state.generator.state_dict())
discriminator.load_state_dict(state.discriminator.state_dict())
optimizer_g, optimizer_d = new_optimizer(generator), new_optimizer(discriminator)

for step in range(2):
    inputs = trainer.draw_inputs()
    ours = train_step(inputs.x, inputs.z, penalised=step % EVERY == 0)
    theirs = trainer.step()
    print(f"loss D   ours {ours[0]:.5f}   kaogan's {theirs.loss_d:.5f}", end="      ")
    print(f"loss G   ours {ours[1]:.5f}   kaogan's {theirs.loss_g:.5f}")

# %% [markdown]
# ## 7. Faces
#
# Now both games play for faces, with kaogan, which also averages the generator's weights. Same
# generator, same pictures, same number of images. `dcgan` is the game of lab 2.

# %%
classic = kaogan.recipes.dcgan(**same, lr=4e-4)  # as in lab 2
runs = {}
for name, recipe in (("dcgan", classic), ("standard", modern)):
    out = f"runs/lab-5-{name}-{IMAGES}"
    runs[name] = kaogan.train(recipe, dataset, out=out, budget=kaogan.Budget(images=IMAGES))

# %%
print("dcgan")
sheet(runs["dcgan"].sample(64, seed=0))

# %%
print("standard")
sheet(runs["standard"].sample(64, seed=0))

# %%
print("real pictures")
sheet(dataset.train[:64])

# %% [markdown]
# The numbers are those of lab 2, section 9: KID, a distance (0 is best), and coverage, the share of
# real pictures that have a generated one nearby. The last row are real pictures, which no generator
# can beat.

# %%
from kaogan.metrics.features import load_extractor
from kaogan.metrics.quick import Reference, quick

reference = Reference.of(dataset.held_out, load_extractor())
count = len(reference)
contenders = {name: run.sample(count, seed=0) for name, run in runs.items()}
contenders["real pictures"] = np.array(dataset.train[:count])
print(f"{'':14} {'KID':>7} {'coverage':>9}      ({count} pictures each)")
for name, pictures in contenders.items():
    figures = quick(reference, torch.from_numpy(pictures))
    print(f"{name:14} {figures['kid']:7.3f} {figures['coverage']:9.2f}")

# %% [markdown]
# **What to notice.** In our run `standard` was better in both: KID 0.072 against 0.128, coverage
# 0.44 against 0.34. Its colours are purer, and its hair more varied. Both are small networks after
# a few minutes, far from real pictures. Compare the two `curves.png` in `runs`. At the end, D(x)
# and D(G(z)) of `dcgan` were 0.89 and 0.11: its discriminator was winning. Those of `standard`,
# which are probabilities within a pair, were 0.51 and 0.49.
#
# ## 8. What you know now
#
# * The relativistic loss compares. While the data have a mode that is left out, it pulls.
# * R1 and R2 make the discriminator flat where there is nothing left to tell apart. The circling
#   ends, and the learning rate can be larger.
# * A minibatch standard deviation shows the discriminator what no single picture shows.
# * Theorems are about perfect discriminators. Measure each piece by itself, several times.
#
# To continue: `kaogan toy bench` measures such games with many seeds. `--loss` and `--penalty` of
# `kaogan train` choose others, and the how-to page on losses describes them.
