# %% [markdown]
# # Lab 2: DCGAN on anime faces
#
# **The case.** An online game is about to open, and every player shall have a face that nobody else
# has. An illustrator needs hours for one. There will be millions of players, and the first of them
# come on Friday.
#
# So we train a generator. A player's number decides a random vector, the vector decides a face, and
# a million faces take a laptop an hour. In this lab you
#
# 1. load pictures and make batches of them,
# 2. build a generator and a discriminator, layer by layer,
# 3. write the training step out in full, and watch the two players alternate,
# 4. save the generator, and show what it draws,
# 5. do the same with kaogan in four lines, and check that it is the same step,
# 6. load a generator that was trained for longer, and measure what that bought.
#
# [Lab 1](1_simulated_data.ipynb) explains the game itself. Computing takes about ten minutes on a
# laptop, less on a GPU (on Colab: *Runtime → Change runtime type*).

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

# %% [markdown]
# **Your one choice.** The lab draws its own data set, avatars, so that it runs at once and
# anywhere. If you have the Anime Face Dataset (63,632 faces, `splcher/animefacedataset` on Kaggle)
# or any folder or archive of pictures, write its path here, and the rest follows.

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
REAL, FAKE, BELIEF = "#2a6fbb", "#e8772e", "#444444"
plt.rcParams.update({"figure.dpi": 100, "axes.spines.top": False, "axes.spines.right": False})
torch.manual_seed(0)
print(f"kaogan {kaogan.__version__}, computing on {DEVICE}")

# %% [markdown]
# A helper that lays pictures out as a sheet. In a file a picture is a block of whole numbers from 0
# to 255, height × width × colour; a network wants channels first and numbers from −1 to 1.
# `to_pixels` goes back from there.


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
# Nothing is as sure to spoil a GAN as bad data: broken files, the same picture twenty times over,
# heads cut off. `kaogan.prepare` reads a folder or an archive, turns and crops and scales every
# picture, leaves out broken files and repeats, says why, and sets a tenth aside, on which we never
# train.

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
# **Always look at the data first.** Whatever is on this sheet, the generator will try to imitate,
# faults included.
#
# ### The pipeline
#
# The networks want batches: shuffled anew in each epoch (pass over the data), as floating point,
# with channels first, from −1 to 1. The generator ends in a tanh, which gives −1 to 1 as well; real
# and generated pictures must not differ in anything so simple.


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
# Representation Learning with Deep Convolutional Generative Adversarial Networks*) tried many, and
# found a few rules under which they train; the rules are called DCGAN:
#
# | rule | why |
# |---|---|
# | convolutions with a stride, no pooling | the networks learn how to shrink and to grow pictures |
# | batch norm, but not at G's output or D's input | signals keep a size; colours stay true |
# | no hidden dense layers | fewer weights, and position keeps its meaning |
# | ReLU in the generator, tanh at its end | the output is bounded, like pictures |
# | LeakyReLU in the discriminator | gradients get through, and the generator lives on them |
#
# ### How a picture grows
#
# A convolution slides a small kernel over a picture and sums up. A *transposed* convolution goes
# the other way: each input pixel stamps the kernel, times its value, onto a larger canvas, two
# pixels apart (stride 2), and where stamps overlap, they add. Here is one, with a kernel that we
# can recognise:

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
# Kernel 4, stride 2, padding 1 doubles height and width exactly. The generator learns its stamps,
# hundreds in each layer.
#
# ### The generator, step by step
#
# *First step.* A latent vector is a picture of 1×1 pixel with 100 channels. A transposed
# convolution with a 4×4 kernel makes a 4×4 picture with many channels of it: a very coarse plan of
# a face.

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
# *Then, again and again,* twice the size and half the channels. There is no bias, since batch norm
# has one of its own.


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
# *At last* three channels, red, green and blue, through a tanh. Together: five transposed
# convolutions.
#
# All weights start as small random numbers, $N(0, 0.02)$, as in the paper; the gains of batch norm
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
# What does it draw before it has learned anything?

# %%
with torch.no_grad():
    noise = generator(torch.randn(8, LATENT, device=DEVICE))
sheet(to_pixels(noise))

# %% [markdown]
# Noise, yet not white: every latent gives a texture of its own. The stamps are visible.
#
# ### The discriminator
#
# The same in reverse: half the size and twice the channels, until a 4×4 map becomes one number, the
# logit. Five convolutions, LeakyReLU with slope 0.2, batch norm on all but the first and the last.


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
# They are those of [lab 1](1_simulated_data.ipynb): binary cross-entropy on logits. The
# discriminator wants 1 for real and 0 for generated pictures; the generator wants 1 for its own.
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
# Each player has its own Adam. Its first number, how long it remembers the direction of past
# gradients, is 0.5 in place of the usual 0.9: the opponent changes all the time, so old gradients
# mislead.


# %% tags=["loss"]
def new_optimizer(network):
    return torch.optim.Adam(network.parameters(), LEARNING_RATE, betas=(0.5, 0.999))


# %%
optimizer_g, optimizer_d = new_optimizer(generator), new_optimizer(discriminator)

# %% [markdown]
# ## 5. The training step, written out
#
# Two turns, and that is a GAN:
#
# * **The discriminator's turn.** It judges real pictures and generated ones (in batches of their
#   own, since batch norm would otherwise mix them), and goes one step down its loss. `detach()`
#   cuts the thread to the generator, which holds still.
# * **The generator's turn.** The *same* pictures are judged again, by the discriminator that has
#   just learned. The gradient flows back through it, pixel by pixel: "more real would be a little
#   darker here". The discriminator's weights stay as they are: only the generator's optimiser takes
#   a step.


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
    """One round. Returns both losses, and the mean beliefs D(x) and D(G(z))."""
    fake = generator(z)
    loss_d, real_logits, fake_logits = discriminator_turn(x, fake)
    loss_g = generator_turn(fake)
    beliefs = real_logits.sigmoid().mean(), fake_logits.sigmoid().mean()
    return [number.item() for number in (loss_d, loss_g, *beliefs)]


# %% [markdown]
# (A detail for those who compare: some versions, also the course that this lab follows, compute
# both players' gradients from *one* look at the discriminator, before either has moved. Then the
# generator answers an opponent of a moment ago. Both work.)
#
# ### The alternation, seen
#
# Thirty rounds, turn by turn. After every turn we ask the discriminator what it thinks of what the
# generator now makes of the same latents. We plot its logit: 0 is "I cannot tell", and below zero
# it doubts.

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
axes.axhline(0, color=BELIEF, linewidth=0.8, linestyle=":")
axes.plot(turns, logits, color="black", alpha=0.3, linewidth=1)
axes.plot(turns[1::2], logits[1::2], "v", color=REAL, markersize=5, label="after D's turn")
axes.plot(turns[2::2], logits[2::2], "^", color=FAKE, markersize=5, label="after G's turn")
axes.set(xlabel="rounds", ylabel="mean logit of generated pictures")
axes.set_title("One learns to doubt, the other to convince")
axes.legend()
plt.show()

# %% [markdown]
# **What to notice.** A saw: the discriminator pushes the logit down, the generator lifts it up
# again. Neither of them is descending a hill that stays where it is. This is why the loss of a GAN
# is no measure of its quality.
#
# ## 6. Training
#
# Now many rounds. Every so often the generator draws the *same* latents, so that you can watch
# single faces come into being; the sheet below the bar is redrawn while it runs.

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
loss_d, loss_g, real_belief, fake_belief = np.array(history).T
window = max(1, len(history) // 50)
seen = np.arange(1, len(history) - window + 2) * BATCH
for axes, values, colour, name in (
    (left, loss_d, REAL, "discriminator"),
    (left, loss_g, FAKE, "generator"),
    (right, real_belief, REAL, "D(x)"),
    (right, fake_belief, FAKE, "D(G(z))"),
):
    axes.plot(seen, smooth(values, window), color=colour, label=name)
left.set(xlabel="images seen", title="losses")
right.set(xlabel="images seen", ylim=(0, 1), title="mean beliefs")
right.axhline(0.5, color=BELIEF, linewidth=0.8, linestyle=":")
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
# **What to notice.** First a colour, then a head with hair, then eyes; position before parts, parts
# before detail. And read the curves with care: the losses wander and do not fall, the discriminator
# stays ahead, and all the while the faces get better. *The pictures say how good it is, the losses
# do not.*
#
# ## 7. Saving and showing
#
# What is worth keeping is the generator: a dictionary of arrays in one file. `safetensors` holds
# numbers only, so opening a file from a stranger cannot run anything.

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
# All that you wrote by hand, kaogan does too, and takes care of what we left out: it goes on after
# an interruption, saves itself, averages the generator's weights over time (*EMA*, which calms the
# faces), watches for divergence, and measures how near the faces come to those set aside. (It also
# smooths the labels of real pictures unless told not to: here it is to be the same step.)

# %%
recipe = kaogan.recipes.dcgan(width=WIDTH, batch=BATCH, lr=LEARNING_RATE, label_smoothing=0)
budget = kaogan.Budget(images=640 if QUICK else 60_000)
run = kaogan.train(recipe, dataset, out=f"runs/{folder.name}-width-{WIDTH}", budget=budget)
sheet(run.sample(64, seed=0))

# %% [markdown]
# Stop it whenever you like with the *interrupt* button: the same cell goes on from there.
#
# ### Is it the same game?
#
# Do not take our word. Both versions begin with the same weights, and play one round with the same
# pictures and the same latents. kaogan's `Trainer` deals them; your `train_step` plays them.

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
x, z = trainer.draw_inputs()[:2]
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
# The same, to rounding. (The weights cannot agree to the last digit of single precision: Adam's
# first step is equally long for every weight, and where a gradient is zero but for rounding, even
# its sign is an accident. Our tests make this comparison at every change.)
#
# ## 9. A generator that was trained for longer
#
# Two generators come with kaogan: `avatars-64` saw 94,880 drawn avatars, `faces-64` 320,000 anime
# faces, which is 23 times a data set of 14,092, with a newer loss than this lab's (see `kaogan
# recipes`). They load in a moment.

# %%
longer = kaogan.pretrained("faces-64" if REAL_FACES else "avatars-64")
sheet(longer.sample(64, seed=0))

# %% [markdown]
# What did the time buy? Ask for figures. *KID* is a distance between two sets of pictures, as a
# network sees them; 0 would be perfect. *Coverage* is the share of real pictures that have a
# generated one nearby; it falls when the generator forgets a part of the data. Both are taken
# against the pictures set aside, and the last row says what real pictures get: no generator can do
# better.

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
# The first two rows differ in more than time: kaogan's faces come from averaged weights, and from
# the best of its checkpoints, chosen by figures like these.
#
# And the game that opens on Friday? A player's number is a seed, a seed is a latent, and a latent
# is a face, today and in ten years:

# %%
for player in (7, 1_234_567, 40_000_000_000):
    print(f"player {player:,}")
    display(sheet(longer.sample(1, seed=player), zoom=2))

# %% [markdown]
# ## 10. If this is your course project
#
# | asked for | here |
# |---|---|
# | load the data set in a notebook | section 2, with `REAL_FACES` set |
# | build generator and discriminator | section 3; the latent vector: its first step |
# | train the discriminator with binary cross-entropy | section 5, `discriminator_turn` |
# | train the generator through the discriminator's output | section 5, `generator_turn` |
# | alternate over several epochs | section 6; an epoch is `len(dataset)` images |
# | save and show generated faces | section 7: `saved/`; section 8: the folder in `runs/` |
#
# For better faces: `WIDTH = 64`, a GPU, and a million images. What the numbers in a latent vector
# *mean* is the question of [lab 3](3_latent_space.ipynb).
