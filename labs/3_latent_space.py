# %% [markdown]
# # Lab 3: the latent space
#
# A generator turns 100 random numbers into a face. What do these numbers mean? The network has no
# labels for hair, but some of what it learned lies along straight lines in these numbers. You can
# find these lines.
#
# In this lab you change the input and look at the picture. You
#
# 1. see where latents are: nearly on a sphere,
# 2. look at neighbours, at constant latents, and at faces with a part of the input held fixed
#    (exercises 1 to 3),
# 3. walk from one face to another without leaving the sphere (exercise 4),
# 4. trade variety for quality (truncation),
# 5. find a direction that changes the colour of hair, and *measure* that it does (exercise 5),
# 6. calculate with faces: average and subtract (exercise 6).
#
# Every exercise has a hint and a solution, which are folded. Nothing is trained, so all cells are
# quick.

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
import io
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython.display import Image

import kaogan
from kaogan.data.avatars import draw, sample_avatar

# "faces-64" or "avatars-64", which come with kaogan; or a run of your own, "runs/...".
GENERATOR = "faces-64"

# Our own tests run this lab with less of everything; you leave it at False.
QUICK = os.environ.get("KAOGAN_LAB_QUICK") == "1"

FIRST, SECOND, THIRD = "#2a6fbb", "#e8772e", "#444444"  # colours of the plots
plt.rcParams.update({"figure.dpi": 100, "axes.spines.top": False, "axes.spines.right": False})

if os.path.isdir(GENERATOR):
    sampler = kaogan.Run(Path(GENERATOR)).sampler()
else:
    sampler = kaogan.pretrained(GENERATOR)
DIM = sampler.latent_dim
print(f"{GENERATOR}: {DIM} numbers in, a face of 64×64 pixels out")

# %% [markdown]
# There are two helpers: one turns latents into faces, the other arranges faces in one picture.


# %%
def faces(z):
    """Latents, N x 100, to pictures, N x 64 x 64 x 3, from 0 to 1."""
    with torch.inference_mode():
        parts = [sampler.generator(part) for part in z.split(128)]
    return ((torch.cat(parts) + 1) / 2).clamp(0, 1).permute(0, 2, 3, 1).numpy()


def show(pictures, columns=10, zoom=1.5):
    """Pictures as one sheet, row by row."""
    sheet = kaogan.to_pil(kaogan.grid((pictures * 255).round().astype(np.uint8), columns))
    return sheet.resize((round(sheet.width * zoom), round(sheet.height * zoom)))


def latents(count, seed=0):
    """`count` latents from N(0, I)."""
    return torch.randn(count, DIM, generator=torch.Generator().manual_seed(seed))


z = latents(20)
show(faces(z))

# %% [markdown]
# The generator itself is not random: the same latent always gives the same face. Only the choice of
# the latent is random.
#
# ## 2. Where latents live
#
# In training, every entry is drawn from $N(0, 1)$. This suggests a cloud that is densest in its
# middle. In 100 dimensions this idea is wrong. The squared length
# $\lVert z \rVert^2 = z_1^2 + \dots + z_{100}^2$ is a sum of 100 numbers with mean 1, so it is near
# 100, and the length is always near $\sqrt{100} = 10$:

# %%
figure, axes = plt.subplots(figsize=(7, 2.6))
for dimensions, colour in ((2, THIRD), (10, SECOND), (DIM, FIRST)):
    lengths = torch.randn(20_000, dimensions, generator=torch.Generator().manual_seed(0)).norm(
        dim=1
    )
    axes.hist(lengths, bins=100, density=True, color=colour, alpha=0.6, label=f"{dimensions}-D")
axes.set(xlabel="length of z", ylabel="density", xlim=(0, 14))
axes.legend()
plt.show()

# %% [markdown]
# **What to notice.** No latent is near the origin. All latents are in a thin shell, nearly a sphere
# of radius 10. The generator was trained only on this shell. Two more facts are needed later: two
# random latents are almost orthogonal, and a step of length 1 is small.

# %%
cosines = torch.nn.functional.cosine_similarity(latents(5_000, 1), latents(5_000, 2))
print(f"cosine of the angle of two random latents: {cosines.mean():.3f} ± {cosines.std():.3f}")

# %% [markdown]
# ## 3. Neighbours
#
# Take one latent, and others at increasing distance from it: $z + s\,u$, with $u$ a random
# direction of length 1. If the generator had memorised its pictures, we would see jumps.


# %%
def unit(v):
    """The same direction, with length 1."""
    return v / v.norm(dim=-1, keepdim=True)


steps = torch.linspace(0, 9, 10)
starts, ways = latents(3, seed=4), unit(latents(3, seed=5))
walk = starts[:, None] + steps[:, None] * ways[:, None]
show(faces(walk.flatten(0, 1)))

# %% [markdown]
# Each row starts from another face, and all steps are equally long. The next cell gives the
# numbers: the mean change of a pixel, compared with that between two unrelated faces:

# %%
count = 20 if QUICK else 200
a, u = latents(count, 6), unit(latents(count, 7))
distances = [np.abs(faces(a + s * u) - faces(a)).mean() for s in steps]
strangers = np.abs(faces(a) - faces(latents(count, 8))).mean()
figure, axes = plt.subplots(figsize=(7, 2.6))
axes.plot(steps, distances, "o-", color=FIRST, label="neighbour")
axes.axhline(strangers, color=SECOND, linestyle="--", label="unrelated face")
axes.set(xlabel="distance in the latent space", ylabel="mean change of a pixel", ylim=(0, None))
axes.legend()
plt.show()

# %% [markdown]
# **What to notice.** Nearby latents give similar faces, and the change is smooth. Even at a
# distance of 9, a face still resembles the first one. The rest of this lab depends on this
# property.
#
# ## 4. Constant latents
#
# What does the generator draw if all 100 entries are the same number?
#
# > **Exercise 1.** Draw the faces of the four latents whose entries are all −1, all −0.8, all −0.6,
# > and all −0.4. How long is each of these latents? Which of them could be a random latent?
#
# <details><summary>Hint</summary>
#
# `torch.full((1, DIM), -0.8)` is one of them. `torch.cat` puts several together.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# constants = torch.tensor([-1.0, -0.8, -0.6, -0.4])
# z = constants[:, None].expand(4, DIM)
# print("lengths:", [round(length, 1) for length in z.norm(dim=1).tolist()])
# show(faces(z), columns=4, zoom=2)
# ```
#
# The lengths are 10, 8, 6 and 4. All four have the same direction, and only the first lies on the
# shell where the generator was trained. So they show *one* face, which gets paler and more average
# toward the origin. All but the first are so improbable that no training step ever used a similar
# latent. They are still faces because the generator is smooth. Section 8 uses this.
#
# </details>

# %%
# Your turn.

# %% [markdown]
# ## 5. More and more entries
#
# With all entries at 1 we get one face, with all at −1 another one. Between the two, change ten
# more of the entries in every picture, from the first to the last:

# %%
z = torch.ones(11, DIM)
for picture in range(11):
    z[picture, : 10 * picture] = -1
show(faces(z), columns=11)

# %% [markdown]
# All of these are on the sphere, because signs do not change the length. The change is gradual.
# Some blocks of entries have a large effect, others a small one.
#
# > **Exercise 2.** Let picture $n$ (for $n = 0, 1, 2, 3, 4$) have its first $20 n$ entries at
# > $-0.5\,n$, and the others at 1. What happens to the hair? And where are the last two in the
# > latent space?
#
# <details><summary>Hint</summary>
#
# Use the code above, with a slice that ends at `20 * n`. Print `z.norm(dim=1)` as well.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# z = torch.ones(5, DIM)
# for n in range(5):
#     z[n, : 20 * n] = -0.5 * n
# print("lengths:", [round(length, 1) for length in z.norm(dim=1).tolist()])
# show(faces(z), columns=5, zoom=2)
# ```
#
# Two things change at the same time: how many entries are moved, and how far. The lengths are 10,
# 9.2, 10, 13.2 and 18.4. The last one is far outside the shell: its colours are too strong, and its
# features coarse. The generator exaggerates where it was never trained. A fair comparison keeps the
# length.
#
# </details>

# %%
# Your turn.

# %% [markdown]
# ## 6. Holding some entries
#
# Now hold the first 20 entries at 1 and draw the other 80 at random. The upper row shows ten faces
# without a restriction, the lower row ten with the first 20 entries held:

# %%
free = latents(10, seed=11)
held = free.clone()
held[:, :20] = 1
show(faces(torch.cat([free, held])))

# %% [markdown]
# Do they have something in common? It is easy to see what you expect. So *measure* how bright the
# hair is. In these pictures the face is always in the middle and hair is above the forehead, so we
# use the mean colour of a patch there. We measure it for many faces, once free and once held.


# %%
def hair(pictures):
    """The mean colour, N x 3, of the patch above the forehead."""
    return pictures[:, 6:18, 20:44].mean(axis=(1, 2))


def brightness(pictures):
    return hair(pictures).mean(axis=1)


count = 100 if QUICK else 1_000
free = latents(count, seed=12)
for name, entries in (("none", ()), ("0 to 19", range(20)), ("40 to 59", range(40, 60))):
    held = free.clone()
    held[:, list(entries)] = 1
    measured = brightness(faces(held))
    print(f"held: {name:8} brightness of the hair {measured.mean():.3f} ± {measured.std():.3f}")

# %% [markdown]
# **What to notice.** What is held moves the mean, and another set of entries moves it in another
# way. The spread remains large: 80 of 100 entries are still free. The *first* 20 are not special.
# Entries of a latent vector have no order and no names, and in another training the same entries
# have other effects. What you find by moving entries by hand is true only for this generator.
#
# > **Exercise 3.** Hold the entries 0 to 34 at −1, and draw the others ten times. Do this for a few
# > other sets of 35 entries, too. Do the faces in a row share the colour of their hair? Look, then
# > measure: how much does the hair's colour differ within a row, and how much without a rule? Then
# > find 35 entries that do give one colour to all hair.
#
# <details><summary>Hint</summary>
#
# Index with a list or a permutation: `z[:, torch.randperm(DIM)[:35]] = -1`. For the last question,
# measure every entry by itself: `np.corrcoef(z[:, i], y)[0, 1]` says whether the entry `i` and a
# property `y` of the hair rise together. Red minus blue is such a property.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def spread(z):
#     """How much the hair's colour differs between faces."""
#     return hair(faces(z)).std(axis=0).mean()
#
#
# rows = []
# for seed in range(4):
#     rng = torch.Generator().manual_seed(seed)
#     chosen = torch.arange(35) if seed == 0 else torch.randperm(DIM, generator=rng)[:35]
#     z = latents(count, seed=20 + seed)
#     z[:, chosen] = -1
#     rows.append(z[:10])
#     print(f"row {seed}: spread {spread(z):.3f}")
# print(f"without a rule: {spread(latents(count)):.3f}")
#
# z = latents(3 * count, seed=24)
# red, _, blue = hair(faces(z)).T
# effect = np.array([np.corrcoef(z[:, i], red - blue)[0, 1] for i in range(DIM)])
# chosen = np.argsort(-np.abs(effect))[:35]  # those with the largest effect
# for sign in (1, -1):
#     z = latents(count, seed=25)
#     z[:, chosen] = sign * torch.from_numpy(effect[chosen]).sign().float()
#     rows.append(z[:10])
#     print(f"chosen by their effect, {sign:+d}: spread {spread(z):.3f}")
# show(faces(torch.cat(rows)))
# ```
#
# We measured 0.164, 0.151, 0.137 and 0.148 in the four rows, and 0.187 without a rule (with
# `faces-64`). So the hair in a row differs a little less than elsewhere, but it does not share a
# colour: the picture shows several in each row. What is held is a *direction*: 35 entries at −1 add
# one vector of length $\sqrt{35} \approx 6$ to every face of the row. A direction that is chosen
# blindly has a little of everything in it, of hair, background, light, and the turn of the head.
#
# The entries that were chosen by their effect point in *one* direction, that of the colour. Now the
# spread is 0.077 with warm hair and 0.121 with cool hair, and the last two rows are blond and blue.
# Section 9 improves on this: it weights every entry by its effect.
#
# </details>

# %%
# Your turn.

# %% [markdown]
# ## 7. From one face to another
#
# The straight line between two latents (*lerp*, linear interpolation) is
#
# $$z(t) = (1 - t)\,z_0 + t\,z_1, \qquad 0 \le t \le 1.$$


# %%
def lerp(z0, z1, t):
    return (1 - t) * z0 + t * z1


t = torch.linspace(0, 1, 11)[:, None]
ends = [latents(2, seed=seed) for seed in (31, 33, 35)]
straight = torch.cat([lerp(z0, z1, t) for z0, z1 in ends])
show(faces(straight), columns=11)

# %%
figure, axes = plt.subplots(figsize=(7, 2.4))
axes.plot(t, straight[:11].norm(dim=1), "o-", color=FIRST, label="length of z(t)")
axes.axhspan(8.6, 11.4, color=SECOND, alpha=0.2, label="95 of 100 latents")
axes.set(xlabel="t", ylabel="length", ylim=(5, 12))
axes.legend()
plt.show()

# %% [markdown]
# **What to notice.** The ends are almost orthogonal, so the middle of the line is only
# $10 / \sqrt 2 \approx 7$ long. The line is a chord: it passes through the inside of the sphere,
# where there are no latents, and the faces in the middle have less contrast than those at the ends.
#
# > **Exercise 4.** Interpolate without leaving the sphere: write `slerp(z0, z1, t)`, which walks
# > along the arc at constant speed. With $\theta$ the angle between the two,
# >
# > $$z(t) = \frac{\sin((1 - t)\,\theta)}{\sin\theta}\, z_0
# >          + \frac{\sin(t\,\theta)}{\sin\theta}\, z_1 .$$
# >
# > Show the same three walks, and plot the length. How much contrast does the middle of the walk
# > gain?
#
# <details><summary>Hint</summary>
#
# $\cos\theta$ is the scalar product of the two *directions*, `(unit(z0) * unit(z1)).sum()`. For the
# contrast, compare `faces(...).std(axis=(1, 2, 3))` in the middle of many walks of both kinds.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def slerp(z0, z1, t):
#     theta = torch.acos((unit(z0) * unit(z1)).sum(-1, keepdim=True))
#     return (torch.sin((1 - t) * theta) * z0 + torch.sin(t * theta) * z1) / torch.sin(theta)
#
#
# arcs = torch.cat([slerp(z0, z1, t) for z0, z1 in ends])
# print("lengths:", [round(length, 2) for length in arcs[:11].norm(dim=1).tolist()])
#
# z0, z1 = latents(200, 41), latents(200, 42)
# middles = {"ends": z0, "lerp": lerp(z0, z1, 0.5), "slerp": slerp(z0, z1, torch.tensor(0.5))}
# for name, middle in middles.items():
#     print(f"{name:6} contrast {faces(middle).std(axis=(1, 2, 3)).mean():.4f}")
# show(faces(arcs), columns=11)
# ```
#
# The length changes evenly from that of one end to that of the other, and the middle has the same
# contrast as any other face. Use slerp for the pictures of a paper, a film, or a slider.
#
# </details>

# %%
# Your turn.

# %% [markdown]
# If you can choose the ends yourself, there is a shorter way to stay on the sphere: two random
# latents are nearly orthogonal and nearly of one length, so $\cos(\varphi)\,a + \sin(\varphi)\,b$
# moves around a great circle, and returns to its start.

# %%
frames = 12 if QUICK else 60
angle = torch.linspace(0, 2 * torch.pi, frames + 1)[:-1, None, None]
a, b = latents(6, seed=51), latents(6, seed=52)
circle = torch.cos(angle) * a + torch.sin(angle) * b
film = [
    show(pictures, columns=6)
    for pictures in faces(circle.flatten(0, 1)).reshape(frames, 6, 64, 64, 3)
]
buffer = io.BytesIO()
film[0].save(buffer, "gif", save_all=True, append_images=film[1:], duration=80, loop=0)
Image(buffer.getvalue(), format="gif")

# %% [markdown]
# ## 8. Truncation
#
# The inside of the sphere is bad for walks, but it has another use. Multiply all latents by a
# number $\psi$ (*psi*): below 1, every face moves toward the origin, and so toward all other faces.
# Each row has one $\psi$:

# %%
psis = (0.0, 0.3, 0.5, 0.7, 1.0, 1.3, 1.6)
z = latents(10, seed=61)
show(faces(torch.cat([psi * z for psi in psis])))

# %%
count = 50 if QUICK else 300
many = latents(count, seed=62)
variety = [faces(psi * many).std(axis=0).mean() for psi in psis]
figure, axes = plt.subplots(figsize=(7, 2.4))
axes.plot(psis, variety, "o-", color=FIRST)
axes.set(xlabel="ψ", ylabel="spread between faces", ylim=(0, None))
plt.show()

# %% [markdown]
# **What to notice.** At 0 there is no face: the first layer has no bias, so a latent of zeros gives
# an empty plan that is the same in each place. At 0.5 faces are soft and regular, and unusual
# features have disappeared. At 1.6 the contrast is extreme, and some faces are destroyed. Many
# people prefer the pictures between 0.6 and 0.9. Published samples that are all beautiful have
# often been truncated. Truncation reduces variety, as the curve shows, so a fair metric of quality
# states its $\psi$. In kaogan it is `sampler.sample(16, truncation=0.7)`.
#
# ## 9. Directions with a meaning
#
# Single entries have no meaning, but directions can have one. One way to find a direction is
# *regression*. Draw many faces, measure something in each, here the brightness of the hair $y$, and
# compute the vector $v$ that predicts it best from the latent: $y \approx v \cdot z + c$. This is
# least squares, and $v$, scaled to length 1, is the direction in which $y$ grows fastest.
#
# ### First, check the instrument
#
# Is the patch above the forehead really hair? For drawn avatars we *know* the colour of the hair,
# because it is recorded. So we first measure on drawings.

# %%
from kaogan.data.avatars.palette import hair_tones

count = 60 if QUICK else 400
avatars = [sample_avatar(seed=0, index=index) for index in range(count)]
drawn = np.stack([draw(avatar, 64) for avatar in avatars]) / 255
truth = np.array([hair_tones(avatar).base for avatar in avatars]) / 255


def warmth(colours):
    """Red minus blue: positive for blond, brown and red, negative for blue and violet."""
    return colours[:, 0] - colours[:, 2]


figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6))
for axes, of, name in ((left, lambda c: c.mean(axis=1), "brightness"), (right, warmth, "warmth")):
    axes.scatter(of(truth), of(hair(drawn)), c=truth, s=14)
    r = np.corrcoef(of(truth), of(hair(drawn)))[0, 1]
    axes.set(xlabel="as recorded", ylabel="as measured", title=f"{name}, r = {r:.2f}")

# %% [markdown]
# Each dot is an avatar, in the colour of its hair. The measurement works. It has errors (ribbons,
# highlights, cat ears), but a thousand faces average them out.
#
# ### Then, find the direction

# %%
count = 500 if QUICK else 3_000
z = latents(count, seed=71)
measured = hair(faces(z))


def direction(z, y):
    """The direction of length 1 in which y grows fastest, by least squares."""
    inputs = torch.cat([z, torch.ones(len(z), 1)], dim=1)
    weights = torch.linalg.lstsq(inputs, torch.as_tensor(y, dtype=torch.float32)[:, None]).solution
    return unit(weights[:-1, 0])


brighter = direction(z, measured.mean(axis=1))
shifts = torch.tensor([-6.0, -4, -2, 0, 2, 4, 6])
fresh = latents(10, seed=72)
show(faces((fresh + shifts[:, None, None] * brighter).flatten(0, 1)))

# %% [markdown]
# The middle row shows ten *new* faces, which were not used in the search. Upward their hair gets
# darker, and downward lighter, until it is black and white at the ends.
#
# ### And measure that it does what you say
#
# We use new latents, and compare with a random direction of the same length. A step along a line
# leaves the sphere, so we first scale every latent back to its length. Then the effect cannot come
# from the length.


# %%
def moved(z, v, shift):
    """z, moved by `shift` along v, and back to its own length."""
    return unit(z + shift * v) * z.norm(dim=-1, keepdim=True)


count = 50 if QUICK else 300
fresh = latents(count, seed=73)
figure, axes = plt.subplots(figsize=(7, 2.8))
for name, v, colour in (
    ("found", brighter, FIRST),
    ("random", unit(latents(1, seed=74))[0], SECOND),
):
    curve = np.array([brightness(faces(moved(fresh, v, shift))) for shift in shifts])
    axes.errorbar(
        shifts, curve.mean(axis=1), curve.std(axis=1), marker="o", color=colour, label=name
    )
axes.set(xlabel="steps along the direction", ylabel="brightness of the hair")
axes.legend()
plt.show()

# %% [markdown]
# The bars show how much faces differ from each other. The direction that was found moves *every*
# face from dark to light. At the ends the bars are short, because all faces agree. A random
# direction has a small effect: by chance it has a small component along the found one. With another
# seed, the effect can have the opposite sign.
#
# > **Exercise 5.** Find the direction that changes the *colour* of hair, from blue to blond, and
# > measure that it does. Does the brightness stay the same? If it does not, make it stay the same.
#
# <details><summary>Hint</summary>
#
# The target of the regression is `warmth(measured)`. If two directions are not orthogonal, moving
# along one also moves along the other: subtract from the first its component along the second,
# `v - (v @ w) * w`.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# warmer = direction(z, warmth(measured))
# print(f"cosine with the direction of brightness: {warmer @ brighter:.2f}")
# pure = unit(warmer - (warmer @ brighter) * brighter)
#
# fresh = latents(50 if QUICK else 300, seed=75)
# for name, v in (("warmer", warmer), ("warmer, brightness removed", pure)):
#     print(name)
#     for shift in (-4, 0, 4):
#         colours = hair(faces(moved(fresh, v, shift)))
#         print(f"{shift:+d}: warmth {warmth(colours).mean():.2f}, brightness {colours.mean():.2f}")
#
# ten = latents(10, seed=76)
# show(faces(torch.cat([moved(ten, pure, shift) for shift in shifts])))
# ```
#
# Warmth rises steeply, from strongly negative (blue) to strongly positive (blond, red). The hair
# changes and the rest mostly stays. Some backgrounds and eyes change as well, because they do so in
# the data. A generator learns correlations, not causes.
#
# </details>

# %%
# Your turn.

# %% [markdown]
# ## 10. Arithmetic with faces
#
# There is another way to find a direction, without regression. It made DCGAN famous: *average and
# subtract*. Take some latents whose faces have a property, take others whose faces do not have it,
# and subtract the means. The differences between single faces average out, and the common property
# remains.
#
# We use ten faces each: the ten with the darkest and the ten with the lightest hair among 500
# faces.

# %%
pool = latents(500, seed=81)
order = torch.from_numpy(np.argsort(brightness(faces(pool))))
dark, light = pool[order[:10]], pool[order[-10:]]
difference = light.mean(dim=0) - dark.mean(dim=0)
show(faces(torch.cat([dark, light])))

# %%
ten = latents(10, seed=82)
print("dark-haired and light-haired versions of ten new faces")
show(faces(torch.cat([moved(ten, unit(difference), shift) for shift in (-4, 0, 4)])))

# %% [markdown]
# This works with ten faces. With one it would not: a single light face minus a single dark one is a
# difference in *everything*.
#
# > **Exercise 6.** How many faces must be averaged? For $n = 1, 3, 10, 30, 100$, take the $n$
# > lightest and the $n$ darkest of 1,000 faces, subtract the means, and compute the cosine with the
# > direction from the regression. Explain the curve: why does it rise at first, and can it fall at
# > the end?
#
# <details><summary>Hint</summary>
#
# The cosine of two vectors is `unit(a) @ unit(b)`. Each latent has a component along the direction,
# plus noise in 99 others. Averaging $n$ of them reduces the noise to $1/\sqrt n$.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# pool = latents(1_000, seed=83)
# order = torch.from_numpy(np.argsort(brightness(faces(pool))))
# counts = (1, 3, 10, 30, 100)
# cosines = []
# for n in counts:
#     difference = pool[order[-n:]].mean(dim=0) - pool[order[:n]].mean(dim=0)
#     cosines.append((unit(difference) @ brighter).item())
# print({n: round(cosine, 2) for n, cosine in zip(counts, cosines)})
# figure, axes = plt.subplots(figsize=(6, 2.4))
# axes.semilogx(counts, cosines, "o-", color=FIRST)
# axes.set(xlabel="faces averaged on each side", ylabel="cosine", ylim=(0, 1));
# ```
#
# With one pair the cosine is small, because the difference mostly consists of random differences of
# two faces. It rises as these average out. It could fall again for very many faces, because then
# the "lightest" include faces that are hardly light: the signal gets weaker when the noise has
# already disappeared. Regression uses all 3,000 faces and the measured value of each, so it is
# better. But average and subtract needs no measurement, only a person who sorts faces into two
# groups. It finds smiles and glasses as well.
#
# </details>

# %%
# Your turn.

# %% [markdown]
# ## 11. The same with kaogan
#
# `kaogan directions` does what this lab did by hand, for a dozen properties at once: it measures,
# fits, moves, measures again, and leaves out directions that do not work. The generators that come
# with kaogan include their directions:

# %%
from kaogan.latent import Directions, find, plane

home = Path(GENERATOR) if os.path.isdir(GENERATOR) else kaogan.zoo.FOLDER / GENERATOR
file = home / "directions.json"
known = Directions.read(file) if file.exists() else find(sampler.generator, DIM, orthogonal=True)
for direction in known.directions:
    if direction.kind == "named":
        print(f"{direction.name:20} {direction.low} to {direction.high}: R² {direction.r2:.2f}")

# %% [markdown]
# Hue is an angle, so one direction cannot represent it, but two can. Here one face moves along two
# of the directions at once (with `faces-64`: from green hair to red, and from blue to yellow):

# %%
across, down = known.directions[1:3]
steps = torch.linspace(-3, 3, 3 if QUICK else 9)
square = plane(latents(1, seed=91)[0], across.vector, down.vector, steps, steps)
print(f"to the right {across.high}, downward {down.high}")
show(faces(square.flatten(0, 1)), columns=len(steps), zoom=1)

# %% [markdown]
# In a terminal, `kaogan walk` makes films and grids of such walks, `kaogan invert` finds the latent
# of a given picture, and `kaogan explore` opens a page with a slider for each direction.
#
# ## 12. What you know now
#
# * A latent is a point near a sphere. The generator works only on the sphere and near it.
# * Nearby latents give similar faces. Walk on arcs, not on chords.
# * Shorter latents give less variety.
# * Entries have no meaning, but directions can. A direction is found from measured or chosen
#   examples. It is tested on new ones, in comparison with a random direction.
#
# Continue with `GENERATOR = "avatars-64"`, or with the run that you trained in [lab
# 2](2_anime_faces.ipynb): every cell works with it.
