# %% [markdown]
# # Lab 2: DCGAN on anime faces
#
# **The case.** An online game opens soon, and every player needs a unique face. An illustrator
# needs hours for one face. There will be millions of players, and the first of them arrive on
# Friday.
#
# So we train a generator. A player's number determines a random vector, the vector determines a
# face, and a laptop draws a million faces in an hour. In this lab you
#
# 1. load pictures and make batches of them,
# 2. build a generator and a discriminator, layer by layer,
# 3. write the complete training step, and see how the two networks alternate,
# 4. save the generator, and show what it draws,
# 5. do the same with kaogan in four lines, and check that it is the same step,
# 6. load a generator that was trained for longer, and measure the improvement.
#
# [Lab 1](1_simulated_data.ipynb) explains how a GAN works. Computing takes about ten minutes on a
# laptop, less on a GPU (on Colab: *Runtime → Change runtime type*).

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

# %% [markdown]
# **Your data.** The lab draws its own data set, avatars, so that it runs immediately and
# everywhere. If you have the Anime Face Dataset (63,632 faces, `splcher/animefacedataset` on
# Kaggle) or any folder or archive of pictures, write its path here. Nothing else needs to change.

# %% tags=["settings"]
import os

REAL_FACES = None  # "animefaces.zip", "/content/drive/MyDrive/animefaces.zip", a folder, ...

# Our own tests run this lab with less of everything; you leave it at False.
QUICK = os.environ.get("KAOGAN_LAB_QUICK") == "1"

SIZE = 64  # pixels, height and width
LATENT = 100  # entries of a latent vector
WIDTH = 8 if QUICK else 32  # channels of the largest feature map; the DCGAN paper has 64
BATCH = 16  # pictures in a batch; the paper has 128
LEARNING_RATE = 4e-4  # of Adam; the paper has 2e-4, for its larger batches

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython.display import display
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

import kaogan
from kaogan.progress import track

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
REAL, FAKE, GREY = "#2a6fbb", "#e8772e", "#444444"
plt.rcParams.update({"figure.dpi": 100, "axes.spines.top": False, "axes.spines.right": False})
torch.manual_seed(0)
print(f"kaogan {kaogan.__version__}, computing on {DEVICE}")

# %% [markdown]
# This helper arranges pictures in a grid. In a file, a picture is a block of integers from 0 to
# 255, height × width × colour. A network needs channels first and numbers from −1 to 1. `to_pixels`
# converts back.


# %%
def to_pixels(pictures):
    """From N x 3 x H x W in [-1, 1] to N x H x W x 3, whole numbers from 0 to 255."""
    pixels = ((pictures.detach().cpu() + 1) * 127.5).round().clamp(0, 255)
    return pixels.to(torch.uint8).permute(0, 2, 3, 1).numpy()


def sheet(pictures, columns=8, zoom=1.5):
    """Pictures (N x H x W x 3) as one picture."""
    image = kaogan.to_pil(kaogan.grid(pictures, columns))
    return image.resize((round(image.width * zoom), round(image.height * zoom)))


# %% [markdown]
# ## 2. The data
#
# Bad data reliably ruin a GAN: broken files, many copies of the same picture, heads that are cut
# off. `kaogan.prepare` reads a folder or an archive. It rotates, crops and scales every picture,
# leaves out broken files and duplicates with a reason, and sets a tenth aside, which is never used
# for training.

# %%
COUNT = 400 if QUICK else 6144  # avatars to draw
folder = Path("data/faces-64" if REAL_FACES else f"data/avatars-64-{COUNT}")

if folder.exists():
    dataset = kaogan.open_dataset(folder)
elif REAL_FACES:
    dataset = kaogan.prepare([REAL_FACES], folder, size=SIZE)
else:
    dataset = kaogan.draw_avatars(folder, count=COUNT, size=SIZE, progress=True)

print(f"{len(dataset.train):,} pictures to train on, {len(dataset.held_out):,} set aside")
sheet(dataset.train[:32])

# %% [markdown]
# **Always look at the data first.** The generator will try to imitate everything in this grid,
# including faults.
#
# ### The pipeline
#
# The networks need batches: shuffled again in each epoch (pass over the data), as floating point,
# with channels first, from −1 to 1. The generator ends in a tanh, which also gives −1 to 1. Real
# and generated pictures must not differ in their range.


# %% tags=["data"]
def to_model(pixels):
    """From N x H x W x 3, whole numbers from 0 to 255, to N x 3 x H x W in [-1, 1]."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1


def batches(pictures):
    """Batches without end: epoch after epoch, each in a new order."""
    while True:
        for chosen in torch.randperm(len(pictures)).split(BATCH):
            if len(chosen) == BATCH:
                yield to_model(pictures[chosen.numpy()]).to(DEVICE)


# %%
stream = batches(dataset.train)
x = next(stream)
print(f"a batch: {tuple(x.shape)}, {x.dtype}, from {x.min():.2f} to {x.max():.2f}")
sheet(to_pixels(x))

# %% [markdown]
# ## 3. The networks
#
# Before 2016, GANs with convolutions mostly failed. Radford, Metz and Chintala (*Unsupervised
# Representation Learning with Deep Convolutional Generative Adversarial Networks*) tried many
# architectures, and found a few rules with which they train. The rules are called DCGAN:
#
# | rule | why |
# |---|---|
# | convolutions with a stride, no pooling | the networks learn how to shrink and enlarge pictures |
# | batch norm, but not at G's output or D's input | signals keep their scale; colours stay true |
# | no hidden dense layers | fewer weights, and position keeps its meaning |
# | ReLU in the generator, tanh at its end | the output is bounded, like pictures |
# | LeakyReLU in the discriminator | gradients pass through, and the generator needs them |
#
# ### How a picture grows
#
# A convolution moves a small kernel over a picture and computes weighted sums. A *transposed*
# convolution does the reverse: each input pixel adds the kernel, times its value, to a larger
# picture. Neighbouring kernels are two pixels apart (stride 2), and where they overlap, they add.
# Here is one, with a kernel that is easy to recognise:

# %%
stamp = nn.ConvTranspose2d(1, 1, kernel_size=4, stride=2, padding=1, bias=False)
nn.init.constant_(stamp.weight, 0.0)
stamp.weight.data[0, 0] = torch.tensor([[1, 2, 2, 1], [2, 4, 4, 2], [2, 4, 4, 2], [1, 2, 2, 1.0]])

one, several = torch.zeros(1, 1, 5, 5), torch.zeros(1, 1, 5, 5)
one[0, 0, 2, 2] = 1
several[0, 0, [1, 1, 3, 3], [1, 3, 2, 3]] = 1
figure, axes = plt.subplots(1, 4, figsize=(10, 2.6))
for ax, image, title in zip(
    axes,
    (one, stamp(one), several, stamp(several)),
    ("one pixel, 5×5", "its stamp, 10×10", "four pixels", "their stamps add up"),
    strict=True,
):
    ax.imshow(image[0, 0].detach(), cmap="Blues")
    ax.set(title=title, xticks=[], yticks=[])

# %% [markdown]
# Kernel 4, stride 2, padding 1 doubles height and width exactly. The generator learns its kernels,
# hundreds in each layer.
#
# ### The generator, step by step
#
# *First step.* A latent vector is a picture of 1×1 pixel with 100 channels. A transposed
# convolution with a 4×4 kernel turns it into a 4×4 picture with many channels, a very coarse plan
# of a face.

# %% tags=["network"]
first = nn.Sequential(
    nn.Unflatten(1, (LATENT, 1, 1)),
    nn.ConvTranspose2d(LATENT, 8 * WIDTH, 4, bias=False),
    nn.BatchNorm2d(8 * WIDTH),
    nn.ReLU(),
)
z = torch.randn(BATCH, LATENT)
print(f"{tuple(z.shape)} becomes {tuple(first(z).shape)}")

# %% [markdown]
# *The next steps* double the size and halve the channels each time. There is no bias, because batch
# norm has its own.


# %% tags=["network"]
def larger(channels_in, channels_out):
    """Layers that double height and width."""
    return [
        nn.ConvTranspose2d(channels_in, channels_out, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    ]


grown = nn.Sequential(*larger(8 * WIDTH, 4 * WIDTH))(first(z))
print(f"{tuple(first(z).shape)} becomes {tuple(grown.shape)}")

# %% [markdown]
# *The last step* gives three channels, red, green and blue, through a tanh. In total there are five
# transposed convolutions.
#
# All weights start as small random numbers, $N(0, 0.02)$, as in the paper. The gains of batch norm
# start around 1.


# %% tags=["network"]
def initialize(module):
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def placed(network):
    """On the device; the three colours of a pixel side by side in memory, which is faster."""
    return network.to(DEVICE, memory_format=torch.channels_last)


def new_generator():
    """Latents, N x 100, to pictures, N x 3 x 64 x 64, in [-1, 1]."""
    network = nn.Sequential(
        nn.Unflatten(1, (LATENT, 1, 1)),
        nn.ConvTranspose2d(LATENT, 8 * WIDTH, 4, bias=False),  # 4 x 4
        nn.BatchNorm2d(8 * WIDTH),
        nn.ReLU(),
        *larger(8 * WIDTH, 4 * WIDTH),  # 8 x 8
        *larger(4 * WIDTH, 2 * WIDTH),  # 16 x 16
        *larger(2 * WIDTH, WIDTH),  # 32 x 32
        nn.ConvTranspose2d(WIDTH, 3, 4, stride=2, padding=1, bias=False),  # 64 x 64
        nn.Tanh(),
    )
    return placed(network.apply(initialize))


# %%
def summary(network, example):
    """What comes out of each layer, and how many weights it has."""
    total = 0
    for layer in network:
        example = layer(example)
        weights = sum(parameter.numel() for parameter in layer.parameters())
        total += weights
        print(f"{type(layer).__name__:16} {tuple(example.shape)!s:22} {weights:>9,}")
    print(f"{'in all':16} {'':22} {total:>9,}")


generator = new_generator()
summary(generator, z.to(DEVICE))

# %% [markdown]
# This is what it draws before it has learned anything:

# %%
with torch.no_grad():
    noise = generator(torch.randn(8, LATENT, device=DEVICE))
sheet(to_pixels(noise))

# %% [markdown]
# It is noise, but not white noise: every latent gives a different texture. The kernels are visible.
#
# ### The discriminator
#
# The discriminator does the same in reverse: each layer halves the size and doubles the channels,
# until a 4×4 map becomes one number, the logit. It has five convolutions, LeakyReLU with slope 0.2,
# and batch norm on all layers except the first and the last.


# %% tags=["network"]
def smaller(channels_in, channels_out):
    """Layers that halve height and width."""
    return [
        nn.Conv2d(channels_in, channels_out, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.LeakyReLU(0.2),
    ]


def new_discriminator():
    """Pictures, N x 3 x 64 x 64, to logits, N: positive means "real"."""
    network = nn.Sequential(
        nn.Conv2d(3, WIDTH, 4, stride=2, padding=1, bias=False),  # 32 x 32
        nn.LeakyReLU(0.2),
        *smaller(WIDTH, 2 * WIDTH),  # 16 x 16
        *smaller(2 * WIDTH, 4 * WIDTH),  # 8 x 8
        *smaller(4 * WIDTH, 8 * WIDTH),  # 4 x 4
        nn.Conv2d(8 * WIDTH, 1, 4, bias=False),  # 1 x 1
        nn.Flatten(0),
    )
    return placed(network.apply(initialize))


# %%
discriminator = new_discriminator()
summary(discriminator, x)

# %% [markdown]
# ## 4. Losses and optimisers
#
# The losses are those of [lab 1](1_simulated_data.ipynb): binary cross-entropy on logits. The
# discriminator's targets are 1 for real and 0 for generated pictures. The generator's target is 1
# for its own pictures.
#
# $$L_D = -\,\mathbb{E}_x\big[\log D(x)\big] - \mathbb{E}_z\big[\log(1 - D(G(z)))\big],
#   \qquad L_G = -\,\mathbb{E}_z\big[\log D(G(z))\big].$$


# %% tags=["loss"]
def discriminator_loss(real_logits, fake_logits):
    real_loss = binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits))
    fake_loss = binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))
    return real_loss + fake_loss


def generator_loss(fake_logits):
    return binary_cross_entropy_with_logits(fake_logits, torch.ones_like(fake_logits))


# %% [markdown]
# Each network has its own Adam. Its first momentum, which decides how long it remembers the
# direction of past gradients, is 0.5 in place of the usual 0.9. The opponent changes all the time,
# so old gradients are misleading.


# %% tags=["loss"]
def new_optimizer(network):
    return torch.optim.Adam(network.parameters(), LEARNING_RATE, betas=(0.5, 0.999))


# %%
optimizer_g, optimizer_d = new_optimizer(generator), new_optimizer(discriminator)

# %% [markdown]
# ## 5. The training step, written out
#
# A training step has two updates:
#
# * **The discriminator's update.** It computes logits for real pictures and for generated ones (in
#   separate batches, because batch norm would otherwise mix them), and takes one optimizer step on
#   its loss. `detach()` stops the gradient, so the generator does not change.
# * **The generator's update.** The updated discriminator computes logits for the *same* pictures.
#   The gradient flows back through the discriminator, pixel by pixel. It says, for example, that a
#   darker pixel would look more real. The discriminator's weights do not change, because only the
#   generator's optimiser takes a step.


# %% tags=["step"]
def discriminator_turn(x, fake):
    real_logits, fake_logits = discriminator(x), discriminator(fake.detach())
    loss = discriminator_loss(real_logits, fake_logits)
    optimizer_d.zero_grad()
    loss.backward()
    optimizer_d.step()
    return loss, real_logits, fake_logits


def generator_turn(fake):
    loss = generator_loss(discriminator(fake))
    optimizer_g.zero_grad()
    loss.backward()
    optimizer_g.step()
    return loss


def train_step(x, z):
    """One step. Returns both losses, and the mean probabilities D(x) and D(G(z))."""
    fake = generator(z)
    loss_d, real_logits, fake_logits = discriminator_turn(x, fake)
    loss_g = generator_turn(fake)
    probabilities = real_logits.sigmoid().mean(), fake_logits.sigmoid().mean()
    return [number.item() for number in (loss_d, loss_g, *probabilities)]


# %% [markdown]
# (A detail for comparison: some versions, including the course that this lab follows, compute the
# gradients of both networks from *one* pass through the discriminator, before either is updated.
# Then the generator's gradient belongs to the discriminator before its update. Both methods work.)
#
# ### The alternation, seen
#
# The next cell makes thirty steps. After every update, we compute the discriminator's logits for
# the generator's current pictures of the same latents, and plot their mean: 0 means that the
# discriminator cannot tell, and below zero it classifies them as generated.

# %%
fixed_z = torch.randn(64, LATENT, device=DEVICE)


@torch.no_grad()
def logit_now():
    return discriminator(generator(fixed_z[:BATCH])).mean().item()


ROUNDS = 30
logits = [logit_now()]
for _ in range(ROUNDS):
    fake = generator(torch.randn(BATCH, LATENT, device=DEVICE))
    discriminator_turn(next(stream), fake)
    logits.append(logit_now())
    generator_turn(fake)
    logits.append(logit_now())

figure, axes = plt.subplots(figsize=(12, 2.8))
turns = np.arange(len(logits)) / 2
axes.axhline(0, color=GREY, linewidth=0.8, linestyle=":")
axes.plot(turns, logits, color="black", alpha=0.3, linewidth=1)
axes.plot(turns[1::2], logits[1::2], "v", color=REAL, markersize=5, label="after D's update")
axes.plot(turns[2::2], logits[2::2], "^", color=FAKE, markersize=5, label="after G's update")
axes.set(xlabel="steps", ylabel="mean logit of generated pictures")
axes.set_title("The logit after each update")
axes.legend()
plt.show()

# %% [markdown]
# **What to notice.** The curve looks like a saw: the discriminator's update lowers the logit, and
# the generator's update raises it again. Neither network minimises a fixed function. Therefore the
# loss of a GAN does not measure its quality.
#
# ## 6. Training
#
# Now we train for many steps. At intervals the generator draws the *same* latents, so that you can
# follow single faces. The grid below the bar is updated while the cell runs.

# %%
IMAGES = 320 if QUICK else 20_000  # real pictures to look at, some of them several times
STEPS = IMAGES // BATCH
SNAPSHOTS = {STEPS * share // 100 for share in (2, 5, 10, 25, 50, 100)}


@torch.no_grad()
def faces_of(z):
    return to_pixels(generator(z))


history, snapshots = [], []
live = display(sheet(faces_of(fixed_z[:24])), display_id=True)
with track(IMAGES, "training", "images") as progress:
    for step in range(1, STEPS + 1):
        row = train_step(next(stream), torch.randn(BATCH, LATENT, device=DEVICE))
        history.append(row)
        progress.advance(BATCH, f"D(x) {row[2]:.2f}  D(G(z)) {row[3]:.2f}")
        if step % 25 == 0:
            live.update(sheet(faces_of(fixed_z[:24])))
        if step in SNAPSHOTS:
            snapshots.append((step * BATCH, faces_of(fixed_z[:10])))
live.update(sheet(faces_of(fixed_z[:24])))


# %%
def smooth(values, window):
    return np.convolve(values, np.ones(window) / window, "valid")


figure, (left, right) = plt.subplots(1, 2, figsize=(12, 3))
loss_d, loss_g, d_real, d_fake = np.array(history).T
window = max(1, len(history) // 50)
seen = np.arange(1, len(history) - window + 2) * BATCH
for axes, values, colour, name in (
    (left, loss_d, REAL, "discriminator"),
    (left, loss_g, FAKE, "generator"),
    (right, d_real, REAL, "D(x)"),
    (right, d_fake, FAKE, "D(G(z))"),
):
    axes.plot(seen, smooth(values, window), color=colour, label=name)
left.set(xlabel="images seen", title="losses")
right.set(xlabel="images seen", ylim=(0, 1), title="mean real probabilities")
right.axhline(0.5, color=GREY, linewidth=0.8, linestyle=":")
for axes in (left, right):
    axes.legend()

# %%
figure, axes = plt.subplots(len(snapshots), 1, figsize=(10, 1.1 * len(snapshots)))
for ax, (seen, faces) in zip(axes, snapshots, strict=True):
    ax.imshow(kaogan.grid(faces, 10))
    ax.set(xticks=[], yticks=[], frame_on=False)
    ax.set_ylabel(f"{seen:,}", rotation=0, ha="right", va="center")
figure.suptitle("The same latents, after so many images", y=0.93)
figure.subplots_adjust(hspace=0.05)
plt.show()

# %% [markdown]
# **What to notice.** First a colour appears, then a head with hair, then eyes: position comes
# before parts, and parts before detail. Read the curves with care: the losses fluctuate and do not
# fall, the discriminator stays ahead, and the faces still get better. *The pictures show how good
# the generator is. The losses do not.*
#
# ## 7. Saving and showing
#
# The generator is worth keeping: a dictionary of arrays in one file. `safetensors` holds numbers
# only, so it is safe to open a file from a stranger.

# %%
Path("saved").mkdir(exist_ok=True)
weights = {name: tensor.contiguous() for name, tensor in generator.state_dict().items()}
save_file(weights, "saved/generator.safetensors")

again = new_generator()
again.load_state_dict(load_file("saved/generator.safetensors"))
with torch.no_grad():
    same = torch.equal(again(fixed_z), generator(fixed_z))
print(f"{Path('saved/generator.safetensors').stat().st_size / 1e6:.1f} MB; the same faces: {same}")

faces = faces_of(fixed_z)
sheet(faces).save("saved/faces.png")
sheet(faces)

# %% [markdown]
# ## 8. The same in four lines
#
# kaogan does everything that you wrote by hand, and also handles what we left out: it resumes after
# an interruption, saves checkpoints, averages the generator's weights over time (*EMA*, which makes
# the faces more stable), checks for divergence, and measures how near the faces are to the held-out
# pictures. (By default, it also smooths the labels of real pictures. Here this is switched off, so
# that the step is the same.)

# %%
recipe = kaogan.recipes.dcgan(width=WIDTH, batch=BATCH, lr=LEARNING_RATE, label_smoothing=0)
budget = kaogan.Budget(images=640 if QUICK else 60_000)
run = kaogan.train(recipe, dataset, out=f"runs/{folder.name}-width-{WIDTH}", budget=budget)
sheet(run.sample(64, seed=0))

# %% [markdown]
# You can stop it at any time with the *interrupt* button. The same cell resumes the training.
#
# ### Is it the same game?
#
# You can check this. Both versions start with the same weights, and make one step with the same
# pictures and the same latents. kaogan's `Trainer` draws them, and your `train_step` uses them.

# %%
from kaogan.data.batches import ImageBatches
from kaogan.training.precision import Compute
from kaogan.training.state import TrainState
from kaogan.training.trainer import Trainer

compute = Compute(DEVICE, "fp32")
state = TrainState.fresh(recipe, compute)
trainer = Trainer(recipe, state, ImageBatches(dataset.train, DEVICE, recipe.seed), compute)

generator, discriminator = new_generator(), new_discriminator()
optimizer_g, optimizer_d = new_optimizer(generator), new_optimizer(discriminator)


def pairs(mine, theirs):
    """The tensors of two networks, side by side: they have the same layers in the same order."""
    return zip(mine.state_dict().values(), theirs.state_dict().values(), strict=True)


def weights_of(network):
    """All weights as one vector."""
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])


for mine, theirs in ((generator, state.generator), (discriminator, state.discriminator)):
    for own, other in pairs(mine, theirs):
        own.copy_(other)

before = [weights_of(network) for network in (generator, discriminator)]
x, _, z = trainer.draw_inputs()[:3]
ours = train_step(x, z)
theirs = [number.item() for number in trainer.step()]

for name, own, other in zip(("loss D", "loss G", "D(x)", "D(G(z))"), ours, theirs, strict=True):
    print(f"{name:8} ours {own:.6f}   kaogan's {other:.6f}")
for name, mine, other, first in zip(
    ("generator", "discriminator"),
    (generator, discriminator),
    (state.generator, state.discriminator),
    before,
    strict=True,
):
    own, other = weights_of(mine), weights_of(other)
    apart = (own - other).norm() / (own - first).norm()
    print(f"{name:14} {len(own):,} weights: the two steps differ by {apart:.1e} of their length")

# %% [markdown]
# The results are equal up to rounding. (The weights cannot agree to the last digit of single
# precision. Adam's first step has the same size for every weight, and where a gradient is zero
# except for rounding, even its sign is random. Our tests make this comparison at every change.)
#
# ## 9. A generator that was trained for longer
#
# Two generators come with kaogan, `avatars-64` and `faces-64`. They have larger networks, saw
# hundreds of thousands of pictures, and were trained with the newer game of [lab
# 5](5_the_modern_game.ipynb). They load in a moment.

# %%
longer = kaogan.pretrained("faces-64" if REAL_FACES else "avatars-64")
sheet(longer.sample(64, seed=0))

# %% [markdown]
# Metrics show how much the longer training improved the faces. *KID* is a distance between two sets
# of pictures, computed on the features of a network. 0 would be perfect. *Coverage* is the share of
# real pictures that have a generated one nearby. It falls when the generator forgets a part of the
# data. Both compare with the held-out pictures. The last row gives the values of real pictures,
# which no generator can beat.

# %%
from kaogan.metrics.features import load_extractor
from kaogan.metrics.quick import Reference, quick

reference = Reference.of(dataset.held_out, load_extractor())
count = len(reference)
trained_here = new_generator()
trained_here.load_state_dict(load_file("saved/generator.safetensors"))
with torch.no_grad():
    drawn = [
        to_pixels(trained_here(z)) for z in torch.randn(count, LATENT, device=DEVICE).split(64)
    ]

contenders = {
    f"written out, {IMAGES:,} images": np.concatenate(drawn),
    f"kaogan, {budget.images:,} images": run.sample(count, seed=0),
    "pre-trained": longer.sample(count, seed=0),
    "real pictures": np.array(dataset.train[:count]),
}
print(f"{'':28} {'KID':>7} {'coverage':>9}      ({count} pictures each)")
for name, pictures in contenders.items():
    figures = quick(reference, torch.from_numpy(pictures))
    print(f"{name:28} {figures['kid']:7.3f} {figures['coverage']:9.2f}")

# %% [markdown]
# The first two rows differ in more than the length of the training: kaogan's faces come from
# averaged weights, and from the best of its checkpoints, selected by metrics like these.
#
# For the game that opens on Friday, a player's number is a seed, a seed gives a latent, and a
# latent gives a face, always the same:

# %%
for player in (7, 1_234_567, 40_000_000_000):
    print(f"player {player:,}")
    display(sheet(longer.sample(1, seed=player), zoom=2))

# %% [markdown]
# ## 10. If this is your course project
#
# | task | in this lab |
# |---|---|
# | load the data set in a notebook | section 2, with `REAL_FACES` set |
# | build generator and discriminator | section 3; the latent vector: its first step |
# | train the discriminator with binary cross-entropy | section 5, `discriminator_turn` |
# | train the generator through the discriminator's output | section 5, `generator_turn` |
# | alternate over several epochs | section 6; an epoch is `len(dataset)` images |
# | save and show generated faces | section 7: `saved/`; section 8: the folder in `runs/` |
#
# For better faces, use `WIDTH = 64`, a GPU, and a million images. [Lab 3](3_latent_space.ipynb)
# explains what the numbers in a latent vector *mean*. [Lab 5](5_the_modern_game.ipynb) shows why
# the loss of this lab forgets modes, and what is used today.
