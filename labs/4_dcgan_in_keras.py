# %% [markdown]
# # Lab 4: DCGAN in Keras
#
# This is a short version of labs 1 to 3 in Keras. If you know Keras, you see that little of a GAN
# depends on the library. If you come from the other labs, you see the differences, and which of
# them cause problems.
#
# Keras 3 is one library with several engines, its *backends*. This notebook runs unchanged on
# TensorFlow and on PyTorch. You
#
# 1. build the smallest GAN, on numbers,
# 2. load pictures from a folder, and build a DCGAN of Keras layers,
# 3. write the complete training step, and train,
# 4. save a generator as a `.keras` file, and load it again,
# 5. load one that was trained for longer, in PyTorch, and explore its latent space.
#
# [Lab 1](1_simulated_data.ipynb) and [lab 2](2_anime_faces.ipynb) give the reasons in detail. This
# lab gives them in a sentence. Computing takes a few minutes.

# %% [markdown]
# ## 1. Set-up
#
# The first cell installs kaogan and Keras if they are missing. Colab has Keras already.

# %% tags=["install"]
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("kaogan") is None or importlib.util.find_spec("keras") is None:
    address = "git+ADDRESS"
    package = f"kaogan[keras] @ {address}"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", package], check=True)

# %% [markdown]
# An environment variable selects the backend. It must be set before Keras is imported. We use
# TensorFlow if it is installed, and otherwise PyTorch, which is installed with kaogan.

# %% tags=["settings"]
import os

REAL_FACES = None  # "animefaces.zip", "/content/drive/MyDrive/animefaces.zip", a folder, ...

there = importlib.util.find_spec("tensorflow") is not None
os.environ.setdefault("KERAS_BACKEND", "tensorflow" if there else "torch")

# Our own tests run this lab with less of everything; you leave it at False.
QUICK = os.environ.get("KAOGAN_LAB_QUICK") == "1"

SIZE = 64  # pixels, height and width
LATENT = 100  # entries of a latent vector
WIDTH = 8 if QUICK else 32  # channels of the largest feature map; the DCGAN paper has 64
BATCH = 16  # pictures in a batch; the paper has 128
LEARNING_RATE = 4e-4  # of Adam; the paper has 2e-4, for its larger batches

# %%
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np

import kaogan
from kaogan.progress import track

BACKEND = keras.backend.backend()
REAL, FAKE, GREY = "#2a6fbb", "#e8772e", "#444444"  # colours, the same in every picture
plt.rcParams.update({"figure.dpi": 100, "axes.spines.top": False, "axes.spines.right": False})
keras.utils.set_random_seed(0)
random = np.random.default_rng(0)
to_numpy = keras.ops.convert_to_numpy
print(f"Keras {keras.__version__} on {BACKEND}, kaogan {kaogan.__version__}")


# %% [markdown]
# ### The one thing that backends do not share
#
# Layers, losses and optimisers are the same on every backend. Gradients are different: TensorFlow
# records operations on a *tape*, and PyTorch stores them in the tensors. So we write the optimizer
# step once for each backend. The rest of the notebook does not depend on the backend.
#
# `descend` takes one optimizer step on a network's loss. Only the variables of this network change,
# even if the loss also depends on the other network.

# %% tags=["descend"]
if BACKEND == "tensorflow":
    import tensorflow as tf

    compiled = tf.function  # turns a Python function into a graph, when it is first called

    def descend(optimizer, network, loss_of):
        with tf.GradientTape() as tape:
            loss = loss_of()
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply(gradients, network.trainable_variables)
        return loss

elif BACKEND == "torch":
    import torch

    def compiled(function):
        return function

    def descend(optimizer, network, loss_of):
        loss = loss_of()
        gradients = torch.autograd.grad(loss, [v.value for v in network.trainable_variables])
        with torch.no_grad():
            optimizer.apply(gradients, network.trainable_variables)
        return loss.detach()

else:
    raise RuntimeError(f"this lab runs on tensorflow or torch, not on {BACKEND}; restart it")


# %% [markdown]
# (JAX differentiates functions that change nothing in place. A training step for JAX is different
# enough to need its own lab. The *trained* generator below also runs on JAX.)
#
# ## 2. A GAN on numbers
#
# Real data are $x \sim N(10, 1)$, latents $z \sim N(0, 1)$. If we know the answer, the generator is
# a sum, $G(z) = z + 10$:


# %%
def show_samples(real, fake, title, axes):
    """Histograms of two samples, and their means."""
    bins = np.linspace(min(real.min(), fake.min()) - 0.5, max(real.max(), fake.max()) + 0.5, 80)
    for sample, colour, name in ((real, REAL, "real"), (fake, FAKE, "generated")):
        label = f"{name}, mean {sample.mean():.2f}"
        axes.hist(sample.ravel(), bins, density=True, color=colour, alpha=0.6, label=label)
    axes.set(title=title, xlabel="x", ylabel="density")
    axes.legend(loc="upper left")


N = 1_000 if QUICK else 5_000
x = random.normal(10, 1, (N, 1)).astype("float32")
z = random.normal(0, 1, (N, 1)).astype("float32")

figure, (left, right) = plt.subplots(1, 2, figsize=(12, 2.8))
show_samples(x, z, "latents beside the data", left)
show_samples(x, z + 10, "G(z) = z + 10", right)

# %% [markdown]
# ### Generator and discriminator
#
# This generator has to *learn* the answer. It is one `Dense` layer, $G(z) = wz + b$, and starts at
# $w = 2$ and $b = 0$.

# %%
generator = keras.Sequential(
    [
        keras.layers.Input((1,)),
        keras.layers.Dense(1, kernel_initializer=keras.initializers.Constant(2.0), name="shift"),
    ],
    name="generator",
)
generator.summary()

# %% [markdown]
# The discriminator is a logistic regression. Its `Dense` layer gives the *logit*, any number. The
# real probability is $D(x) = \sigma(\text{logit})$. The sigmoid is not part of the network but of
# the loss, `from_logits=True`. If logarithm and sigmoid are computed together, they cannot
# overflow.

# %%
discriminator = keras.Sequential(
    [keras.layers.Input((1,)), keras.layers.Dense(1, name="logit")],
    name="discriminator",
)
discriminator.summary()


# %%
def probability(samples):
    """D(x): how sure the discriminator is that samples are real, from 0 to 1."""
    return to_numpy(keras.ops.sigmoid(discriminator(samples, training=False)))


def show_game(title, axes):
    """Both samples, D(x) over them, and how many of each are classified as real."""
    fake = to_numpy(generator(z, training=False))
    show_samples(x, fake, title, axes)
    at = np.linspace(*axes.get_xlim(), 200, dtype="float32")[:, None]
    over = axes.twinx()
    over.plot(at, probability(at), color=GREY)
    over.axhline(0.5, color=GREY, linewidth=0.8, linestyle=":")
    over.set(ylim=(-0.02, 1.05), ylabel="D(x)")
    passed = [int((probability(samples) > 0.5).sum()) for samples in (x, fake)]
    print(
        f"{title}: {passed[0]} of {N} real and {passed[1]} of {N} generated numbers pass for real"
    )


figure, axes = plt.subplots(figsize=(7, 2.8))
show_game("before training", axes)

# %% [markdown]
# ### The loss
#
# Logistic regression maximises the probability of its labels, 1 for real, 0 for generated. The
# negative logarithm of this probability is binary cross-entropy. With both halves written out, it
# is the *value function*:
#
# $$\min_G \max_D\; V(D, G) = \mathbb{E}_x\big[\log D(x)\big]
#   + \mathbb{E}_z\big[\log(1 - D(G(z)))\big].$$
#
# In principle the generator minimises $\log(1 - D(G(z)))$. But when the discriminator is sure, this
# is flat, and the generator learns nothing from it. So the generator minimises $-\log D(G(z))$
# instead. This is the cross-entropy with the label "real". The goal is the same, and the gradient
# is largest where the other one vanishes.

# %% tags=["loss"]
cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)


def discriminator_loss(real_logits, fake_logits):
    real_loss = cross_entropy(keras.ops.ones_like(real_logits), real_logits)
    fake_loss = cross_entropy(keras.ops.zeros_like(fake_logits), fake_logits)
    return real_loss + fake_loss


def generator_loss(fake_logits):
    return cross_entropy(keras.ops.ones_like(fake_logits), fake_logits)


# %% [markdown]
# ### The training step, written out
#
# A training step has two updates. In its update the discriminator gets real and generated samples,
# and `stop_gradient` keeps the generator fixed. In the generator's update, the updated
# discriminator gets the generator's samples of the same latents.
#
# Every call sets `training=True` or `training=False`. It makes no difference here, but it does for
# the batch norm of the DCGAN. If you omit the argument, Keras uses `False` outside of `fit`: the
# network is trained with the wrong statistics, and no error appears.


# %% tags=["step"]
def play(x, z, generator, discriminator, optimizer_g, optimizer_d):
    """One step. Returns both losses, and the mean probabilities D(x) and D(G(z))."""
    probabilities = []

    def loss_of_discriminator():
        fake = keras.ops.stop_gradient(generator(z, training=True))
        real_logits, fake_logits = (
            discriminator(x, training=True),
            discriminator(fake, training=True),
        )
        for logits in (real_logits, fake_logits):
            probabilities.append(keras.ops.mean(keras.ops.sigmoid(keras.ops.stop_gradient(logits))))
        return discriminator_loss(real_logits, fake_logits)

    def loss_of_generator():
        return generator_loss(discriminator(generator(z, training=True), training=True))

    loss_d = descend(optimizer_d, discriminator, loss_of_discriminator)
    loss_g = descend(optimizer_g, generator, loss_of_generator)
    return loss_d, loss_g, *probabilities


def train_step_of(generator, discriminator, learning_rate):
    """A compiled training step for two networks, with an Adam for each."""
    optimizers = [keras.optimizers.Adam(learning_rate, beta_1=0.5, beta_2=0.999) for _ in "GD"]
    for optimizer, network in zip(optimizers, (generator, discriminator), strict=True):
        optimizer.build(network.trainable_variables)

    @compiled
    def step(x, z):
        return play(x, z, generator, discriminator, *optimizers)

    def train_step(x, z):
        x, z = keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(z)
        return [float(to_numpy(number)) for number in step(x, z)]

    return train_step


# %% [markdown]
# We train with full batches. Watch the two mean real probabilities: when the discriminator can no
# longer tell real from generated samples, both are one half.

# %%
train_step = train_step_of(generator, discriminator, learning_rate=0.05)
ROUNDS = 200 if QUICK else 600
rows, best = [], (float("inf"), None)
with track(ROUNDS, "training", "steps") as progress:
    for _ in range(ROUNDS):
        row = train_step(x, z)
        rows.append(row)
        distance = abs(row[2] - 0.5) + abs(row[3] - 0.5)
        if len(rows) > ROUNDS // 2 and distance < best[0]:  # early values are not yet useful
            best = (distance, [network.get_weights() for network in (generator, discriminator)])
        progress.advance(1, f"D(x) {row[2]:.2f}  D(G(z)) {row[3]:.2f}")

figure, axes = plt.subplots(figsize=(7, 2.6))
axes.plot([row[2] for row in rows], color=REAL, label="mean D(x)")
axes.plot([row[3] for row in rows], color=FAKE, label="mean D(G(z))")
axes.axhline(0.5, color=GREY, linewidth=0.8, linestyle=":")
axes.set(xlabel="step", ylim=(0, 1))
axes.legend()
plt.show()

# %%
for network, weights in zip((generator, discriminator), best[1], strict=True):
    network.set_weights(weights)
figure, axes = plt.subplots(figsize=(7, 2.8))
show_game("after training", axes)
w, b = (variable.item() for variable in generator.get_weights())
print(f"G(z) = {w:.2f} z + {b:.2f}")

# %% [markdown]
# **What to notice.** Both probabilities oscillate around one half, and the generated numbers are at
# the mean of the real ones. But $w$ is wrong: all generated numbers are almost equal. The
# discriminator's logit is a straight line. It can compare left and right but cannot see the spread,
# so nothing rewards variety. *A generator learns what its discriminator can see.* Even if both
# probabilities are one half, you still have to look at the generated samples. [Lab
# 1](1_simulated_data.ipynb) gives the discriminator one more input. Here we continue with pictures,
# and the discriminator gets five convolutional layers.
#
# ## 3. Faces: the data
#
# kaogan draws avatars, or prepares the archive that you named above: broken files and duplicates
# are left out, and all pictures become 64×64. We write them into a folder as PNG files, because
# your own pictures may be stored like this.

# %%
COUNT = 160 if QUICK else 6144  # avatars to draw
prepared = Path("data/faces-64" if REAL_FACES else f"data/avatars-64-{COUNT}")

if prepared.exists():
    dataset = kaogan.open_dataset(prepared)
elif REAL_FACES:
    dataset = kaogan.prepare([REAL_FACES], prepared, size=SIZE)
else:
    dataset = kaogan.draw_avatars(prepared, count=COUNT, size=SIZE, progress=True)

folder = Path(f"{prepared}-png")
folder.mkdir(exist_ok=True)
for number, picture in enumerate(dataset.train):
    file = folder / f"{number:06d}.png"
    if not file.exists():
        kaogan.to_pil(picture).save(file)
print(f"{number + 1:,} pictures in {folder}")

# %% [markdown]
# Keras' `image_dataset_from_directory` makes batches from such a folder, but it uses TensorFlow's
# data pipeline. A `PyDataset` works on every backend: it has a length and items, and each item is a
# batch. This one takes the same arguments, scales to [−1, 1], and shuffles after each epoch.


# %% tags=["data"]
class ImagesFromDirectory(keras.utils.PyDataset):
    """Batches of the pictures in a folder, N x H x W x 3, from -1 to 1."""

    def __init__(self, directory, image_size, batch_size, shuffle=True, seed=0, **options):
        super().__init__(**options)
        self.files = sorted(Path(directory).glob("*.png"))
        self.image_size, self.batch_size, self.shuffle = image_size, batch_size, shuffle
        self.random = np.random.default_rng(seed)
        self.order = np.arange(len(self.files))
        self.on_epoch_end()

    def __len__(self):
        return len(self.files) // self.batch_size

    def __getitem__(self, index):
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        load, array = keras.utils.load_img, keras.utils.img_to_array
        pictures = [array(load(self.files[i], target_size=self.image_size)) for i in chosen]
        return np.stack(pictures) / 127.5 - 1

    def on_epoch_end(self):
        if self.shuffle:
            self.random.shuffle(self.order)


def batches(images):
    """Batches without end, epoch after epoch."""
    while True:
        yield from (images[index] for index in range(len(images)))
        images.on_epoch_end()


def sheet(pictures, columns=8, zoom=1.5):
    """Pictures, N x H x W x 3 from -1 to 1, as one picture."""
    pixels = ((to_numpy(pictures) + 1) * 127.5).round().clip(0, 255).astype("uint8")
    image = kaogan.to_pil(kaogan.grid(pixels, columns))
    return image.resize((round(image.width * zoom), round(image.height * zoom)))


# %%
images = ImagesFromDirectory(folder, image_size=(SIZE, SIZE), batch_size=BATCH)
stream = batches(images)
x = next(stream)
print(f"{len(images)} batches an epoch, each {x.shape}, from {x.min():.2f} to {x.max():.2f}")
sheet(x)

# %% [markdown]
# Colour is the *last* axis: height × width × channels, as in the file. PyTorch's own layers have it
# first. Keras keeps it last on both backends.
#
# ## 4. The networks
#
# The rules of DCGAN are: strided convolutions in place of pooling, batch norm except at the ends,
# ReLU in the generator and tanh at its end, LeakyReLU of slope 0.2 in the discriminator, no hidden
# dense layers, all weights from $N(0, 0.02)$.
#
# Three of Keras' defaults differ from those of the paper's networks and of PyTorch. Each of them
# reduces quality or causes an error that is hard to find:
#
# | | Keras | PyTorch | meaning |
# |---|---|---|---|
# | batch norm `epsilon` | 0.001 | 0.00001 | added to the variance |
# | batch norm `momentum` | 0.99 | 0.1 | weight of the *old* average; PyTorch: of the *new* value |
# | kernels | Glorot uniform | Kaiming uniform | the paper says $N(0, 0.02)$ |
#
# With a momentum of 0.99, moving averages lag a few hundred steps behind a network that changes at
# every step, and pictures drawn with `training=False` look washed out.


# %% tags=["network"]
def convolution(kind, filters, **options):
    start = keras.initializers.RandomNormal(0.0, 0.02)
    return kind(filters, 4, use_bias=False, kernel_initializer=start, **options)


def norm():
    start = keras.initializers.RandomNormal(1.0, 0.02)
    return keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, gamma_initializer=start)


def new_generator():
    """Latents, N x 100, to pictures, N x 64 x 64 x 3, from -1 to 1."""
    transposed = keras.layers.Conv2DTranspose
    layers = [
        keras.layers.Input((LATENT,)),
        keras.layers.Reshape((1, 1, LATENT)),
        convolution(transposed, 8 * WIDTH),  # 4 x 4
        norm(),
        keras.layers.ReLU(),
    ]
    for filters in (4 * WIDTH, 2 * WIDTH, WIDTH):  # 8 x 8, 16 x 16, 32 x 32
        layers.append(convolution(transposed, filters, strides=2, padding="same"))
        layers += [norm(), keras.layers.ReLU()]
    layers.append(convolution(transposed, 3, strides=2, padding="same"))  # 64 x 64
    layers.append(keras.layers.Activation("tanh"))
    return keras.Sequential(layers, name="generator")


def new_discriminator():
    """Pictures to logits, N x 1: positive means "real"."""
    layers = [
        keras.layers.Input((SIZE, SIZE, 3)),
        convolution(keras.layers.Conv2D, WIDTH, strides=2, padding="same"),  # 32 x 32
        keras.layers.LeakyReLU(0.2),
    ]
    for filters in (2 * WIDTH, 4 * WIDTH, 8 * WIDTH):  # 16 x 16, 8 x 8, 4 x 4
        layers.append(convolution(keras.layers.Conv2D, filters, strides=2, padding="same"))
        layers += [norm(), keras.layers.LeakyReLU(0.2)]
    layers += [convolution(keras.layers.Conv2D, 1), keras.layers.Flatten()]  # 1 x 1
    return keras.Sequential(layers, name="discriminator")


# %%
generator, discriminator = new_generator(), new_discriminator()
generator.summary()

# %% [markdown]
# The "non-trainable" parameters are the moving averages of batch norm. With kernel 4 and stride 2,
# `padding="same"` doubles or halves the side exactly. PyTorch calls this padding 1.

# %%
discriminator.summary()


# %%
def latents(count, seed=0):
    """`count` latents from N(0, I)."""
    return np.random.default_rng(seed).standard_normal((count, LATENT)).astype("float32")


sheet(generator(latents(8), training=True))

# %% [markdown]
# An untrained generator draws noise, which is different for each latent.
#
# ## 5. Training
#
# The step is the one from section 2, without a change: nothing in it depends on $x$ being a number.

# %%
from IPython.display import display

IMAGES = 320 if QUICK else 10_000  # real pictures to look at, some of them several times
STEPS = IMAGES // BATCH
fixed_z = latents(24)

train_step = train_step_of(generator, discriminator, LEARNING_RATE)
history = []
live = display(sheet(generator(fixed_z, training=True)), display_id=True)
with track(IMAGES, "training", "images") as progress:
    for step in range(1, STEPS + 1):
        z = random.standard_normal((BATCH, LATENT)).astype("float32")
        row = train_step(next(stream), z)
        history.append(row)
        progress.advance(BATCH, f"D(x) {row[2]:.2f}  D(G(z)) {row[3]:.2f}")
        if step % 50 == 0:
            live.update(sheet(generator(fixed_z, training=False)))
live.update(sheet(generator(fixed_z, training=False)))
# %%
figure, axes = plt.subplots(1, 2, figsize=(12, 2.8))
window = max(1, len(history) // 50)
columns = np.array(history).T
for ax, pair, names in zip(
    axes, (columns[:2], columns[2:]), (("loss D", "loss G"), ("D(x)", "D(G(z))")), strict=True
):
    for values, name, colour in zip(pair, names, (REAL, FAKE), strict=True):
        smooth = np.convolve(values, np.ones(window) / window, "valid")
        ax.plot(np.arange(len(smooth)) * BATCH, smooth, color=colour, label=name)
    ax.set(xlabel="images seen")
    ax.legend()

# %% [markdown]
# **What to notice.** The faces get better while the losses do not fall. The losses show which
# network is ahead. To know how good the pictures are, look at them, or measure (lab 2, section 9).
#
# ## 6. Saving and loading
#
# A `.keras` file is an archive that holds the layers as JSON and the weights as arrays. It is
# written on one backend and can be read on any other. Load files from strangers only in the safe
# mode, which is the default, because a layer may contain code.

# %%
Path("saved").mkdir(exist_ok=True)
generator.save("saved/generator.keras")
again = keras.saving.load_model("saved/generator.keras", compile=False)
same = np.array_equal(
    to_numpy(again(fixed_z, training=False)), to_numpy(generator(fixed_z, training=False))
)
print(f"{Path('saved/generator.keras').stat().st_size / 1e6:.1f} MB; the same faces: {same}")

# %% [markdown]
# ## 7. A generator that was trained for longer
#
# Ten thousand images are a short training. Two generators come with kaogan, trained for longer, in
# PyTorch. One command writes one as a `.keras` file. From there on it is a Keras model like any
# other, which also works on a machine without kaogan.

# %%
NAME = "faces-64"  # or "avatars-64"
file = f"saved/{NAME}.keras"
export = ["export", "--pretrained", NAME, "--format", "keras", "--out", file]
done = subprocess.run([sys.executable, "-m", "kaogan", *export], check=True, capture_output=True)
print(done.stdout.decode(), end="")

pretrained = keras.saving.load_model(file, compile=False)
pretrained.summary()

# %% [markdown]
# The other direction works, too. `kaogan export saved/generator.keras --format safetensors`
# converts *your* generator, which you have just trained in Keras, to PyTorch. The layers must be
# those of a DCGAN, as yours are.
#
# Are the pictures the same? Draw the same latents on both sides:

# %%
import torch

original = kaogan.pretrained(NAME)
z = latents(24)
with torch.no_grad():
    theirs = original.generator(torch.from_numpy(z)).permute(0, 2, 3, 1).numpy()
ours = to_numpy(pretrained(z, training=False))
print(f"PyTorch and Keras on {BACKEND}: largest difference {np.abs(ours - theirs).max():.0e} of 2")
sheet(ours)


# %% [markdown]
# The difference is single precision rounding, a thousandth of what is visible to the eye or stored
# in a PNG file.
#
# kaogan can also *train* these layers: `kaogan train FOLDER --framework keras` trains Keras
# networks, on the PyTorch backend, in the same loop as all others, with its checkpoints, averaged
# weights and evaluation.
#
# ## 8. The latent space
#
# [Lab 3](3_latent_space.ipynb) covers this in detail, with exercises. Here are four short
# experiments.
#
# **Neighbours look alike.** A small step in any direction changes little:


# %%
def faces(z):
    return pretrained(np.asarray(z, "float32"), training=False)


z = latents(1, seed=3)
direction = latents(1, seed=4)
direction *= 10 / np.linalg.norm(direction)
sheet(faces(np.concatenate([z + step * direction for step in np.linspace(0, 0.7, 8)])))

# %% [markdown]
# **Constant latents.** All hundred entries are equal: −1, −0.8, −0.6, −0.4. These latents have the
# same direction, so they show one face. It gets paler as the length decreases (10, 8, 6, 4). A
# random latent almost always has a length of about $\sqrt{100} = 10$, and the generator was never
# trained elsewhere.

# %%
sheet(faces([[value] * LATENT for value in (-1.0, -0.8, -0.6, -0.4)]), columns=4)

# %% [markdown]
# **Parts of the input.** Change more and more of the leading entries from 1 to −1, ten at a time.
# Hair and background change on the way. Then hold the first 35 at −1 and draw the others again. Do
# these faces have something in common? Lab 3, exercise 3, measures it.

# %%
turned = np.ones((11, LATENT))
for row in range(11):
    turned[row, : 10 * row] = -1
sheet(faces(turned), columns=11)

# %%
held = latents(10, seed=5)
held[:, :35] = -1
sheet(faces(held), columns=10)


# %% [markdown]
# **A walk without leaving the sphere.** In the middle of the straight line between two latents, the
# length is only about 7, and the face is pale. Along the great circle it stays 10:
#
# $$\operatorname{slerp}(a, b; t) = \frac{\sin((1 - t)\,\omega)}{\sin\omega}\, a
#   + \frac{\sin(t\,\omega)}{\sin\omega}\, b, \qquad \cos\omega = \frac{a \cdot b}{|a||b|}.$$


# %%
def slerp(a, b, t):
    omega = np.arccos(np.clip((a @ b) / np.linalg.norm(a) / np.linalg.norm(b), -1, 1))
    return (np.sin((1 - t) * omega) * a + np.sin(t * omega) * b) / np.sin(omega)


a, b = latents(24)[[3, 6]]  # two very different faces from above
steps = np.linspace(0, 1, 10)
straight = [(1 - t) * a + t * b for t in steps]
around = [slerp(a, b, t) for t in steps]
print("straight:", *(f"{np.linalg.norm(point):.1f}" for point in straight))
print("around:  ", *(f"{np.linalg.norm(point):.1f}" for point in around))
sheet(faces(straight + around), columns=10)

# %% [markdown]
# **What to notice.** The upper row fades in the middle, and the lower row keeps its colours. All
# pictures on the way are faces. The generator has not stored pictures. It has learned a space of
# them.
#
# ## 9. Your turn
#
# **Exercise 7.** Update the discriminator twice for each update of the generator. Which of the
# curves of section 5 change? How do the faces change, for the same number of images, and for the
# same time?
#
# <details><summary>Hint</summary>
#
# `play` calls `descend` once for each network. Both updates can use the same latents.
#
# </details>
#
# <details><summary>Solution</summary>
#
# In `play`, in place of the line that begins with `loss_d =`:
#
# ```python
# for _ in range(2):
#     probabilities.clear()
#     loss_d = descend(optimizer_d, discriminator, loss_of_discriminator)
# ```
#
# Run the cell again, then those of section 5, from new networks. $D(x)$ and $D(G(z))$ move apart
# and the generator's loss rises, because its opponent is stronger: the curves look worse. The
# curves cannot tell whether the faces *are* worse. The generator still learns because of
# $-\log D(G(z))$, whose gradient does not vanish when the discriminator is sure.
#
# </details>
