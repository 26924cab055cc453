# %% [markdown]
# # Lab 3: the latent space
#
# A generator turns 100 random numbers into a face. What do the numbers mean? Nobody told the
# network what hair is, yet some of what it learned lies in straight lines in these numbers, and you
# can find the lines.
#
# In this lab you change the input and watch the picture. You
#
# 1. see where latents live: on a sphere, nearly,
# 2. look at neighbours, at constant latents, and at faces of which a part of the input is held
#    fixed (exercises 1 to 3),
# 3. walk from one face to another without leaving the sphere (exercise 4),
# 4. trade variety for quality (truncation),
# 5. find a direction that changes the colour of hair, and *measure* that it does (exercise 5),
# 6. calculate with faces: average and subtract (exercise 6).
#
# Every exercise has a hint and a solution, folded away. Nothing is trained, so all of it is quick.

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
# Two helpers: latents to faces, and faces to one picture.


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
# The generator holds no chance: the same latent gives the same face, always. All that is random is
# which latent we pick.
#
# ## 2. Where latents live
#
# In training every entry is drawn from $N(0, 1)$. You might picture a cloud that is densest in its
# middle. In 100 dimensions that picture misleads. The squared length $\lVert z \rVert^2 = z_1^2 +
# \dots + z_{100}^2$ is a sum of 100 numbers whose mean is 1, so it is near 100, and the length near
# $\sqrt{100} = 10$. Always:

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
# **What to notice.** No latent is anywhere near the origin. They lie in a thin shell, nearly a
# sphere of radius 10. The generator was trained on this shell and nowhere else. Two more facts that
# you will meet again: two random latents are almost at right angles, and so a step of length 1 is a
# small one.

# %%
cosines = torch.nn.functional.cosine_similarity(latents(5_000, 1), latents(5_000, 2))
print(f"cosine of the angle of two random latents: {cosines.mean():.3f} ± {cosines.std():.3f}")

# %% [markdown]
# ## 3. Neighbours
#
# Take one latent, and others ever farther from it: $z + s\,u$, with $u$ a random direction of
# length 1. If the generator had learned its pictures by heart, we would see jumps.


# %%
def unit(v):
    """The same direction, with length 1."""
    return v / v.norm(dim=-1, keepdim=True)


steps = torch.linspace(0, 9, 10)
starts, ways = latents(3, seed=4), unit(latents(3, seed=5))
walk = starts[:, None] + steps[:, None] * ways[:, None]
show(faces(walk.flatten(0, 1)))

# %% [markdown]
# Each row sets out from another face; each step is as long as the one before. And in numbers, the
# mean change of a pixel beside that between two strangers:

# %%
count = 20 if QUICK else 200
a, u = latents(count, 6), unit(latents(count, 7))
distances = [np.abs(faces(a + s * u) - faces(a)).mean() for s in steps]
strangers = np.abs(faces(a) - faces(latents(count, 8))).mean()
figure, axes = plt.subplots(figsize=(7, 2.6))
axes.plot(steps, distances, "o-", color=FIRST, label="neighbour")
axes.axhline(strangers, color=SECOND, linestyle="--", label="a stranger")
axes.set(xlabel="distance in the latent space", ylabel="mean change of a pixel", ylim=(0, None))
axes.legend()
plt.show()

# %% [markdown]
# **What to notice.** Near in gives near out, and smoothly. Even 9 steps away a face is not yet a
# stranger. This is what makes everything below possible.
#
# ## 4. Constant latents
#
# What does the generator draw if all 100 entries are the same number?
#
# > **Exercise 1.** Draw the faces of the four latents whose entries are all −1, all −0.8, all −0.6,
# > and all −0.4. How long is each of these latents? Which of them could have been drawn by chance?
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
# print("lengths:", z.norm(dim=1).tolist())
# show(faces(z), columns=4, zoom=2)
# ```
#
# The lengths are 10, 8, 6 and 4: all four point the same way, and only the first lies on the shell,
# where the generator was trained. So they show *one* face, paler and more average the nearer to the
# origin. All but the first are so improbable that no training step ever saw anything like them;
# that they are faces at all is the generator's smoothness. Section 8 makes a tool of it.
#
# </details>

# %%
# Your turn.

# %% [markdown]
# ## 5. More and more entries
#
# All entries at 1 is a face, all at −1 is another. Between the two, change ten more of the entries
# in every picture, from the first to the last:

# %%
z = torch.ones(11, DIM)
for picture in range(11):
    z[picture, : 10 * picture] = -1
show(faces(z), columns=11)

# %% [markdown]
# All of these are on the sphere: signs do not change the length. The change is gradual; some blocks
# of entries do much, others little.
#
# > **Exercise 2.** Let picture $n$ (for $n = 0, 1, 2, 3, 4$) have its first $20 n$ entries at
# > $-0.5\,n$, and the others at 1. What happens to the hair? And where are the last two in the
# > latent space?
#
# <details><summary>Hint</summary>
#
# As above, with a slice that ends at `20 * n`. Print `z.norm(dim=1)` as well.
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
# Two things change at once: how many entries are moved, and how far. The lengths are 10, 9.2, 10,
# 13.2 and 18.4: the last is far outside the shell, and its colours are glaring, its features
# coarse. The generator exaggerates where it was never trained. A fair comparison keeps the length.
#
# </details>

# %%
# Your turn.

# %% [markdown]
# ## 6. Holding some entries
#
# Now hold the first 20 entries at 1 and draw the other 80 at random. Above, ten faces without a
# rule; below, ten with the first 20 entries held:

# %%
free = latents(10, seed=11)
held = free.clone()
held[:, :20] = 1
show(faces(torch.cat([free, held])))

# %% [markdown]
# Do they have something in common? It is tempting to see what one wants to see. So *measure*: how
# bright is the hair? In these pictures the face is always in the middle and hair is above the
# forehead, so the mean colour of a patch there will do. We take it for many faces, once free and
# once held.


# %%
def hair(pictures):
    """The mean colour, N x 3, of the patch above the forehead."""
    return pictures[:, 6:18, 20:44].mean(axis=(1, 2))


def brightness(pictures):
    return hair(pictures).mean(axis=1)


count = 100 if QUICK else 1_000
free = latents(count, seed=12)
held = free.clone()
held[:, :20] = 1
for name, sample in (("free", free), ("held", held)):
    measured = brightness(faces(sample))
    print(f"{name}: brightness of the hair {measured.mean():.3f} ± {measured.std():.3f}")

# %% [markdown]
# The mean moves and the spread narrows a little: 20 of 100 entries decide about a fifth of what
# varies. There is nothing special about the *first* 20. Entries of a latent vector have no order
# and no names, and in another training the same entries will do other things; what you find by
# moving entries by hand holds for this one generator.
#
# > **Exercise 3.** Hold the entries 0 to 34 at −1, and draw the others ten times. Do this for a few
# > other sets of 35 entries, too. What stays the same within each row?
#
# <details><summary>Hint</summary>
#
# Index with a list or a permutation: `z[:, torch.randperm(DIM)[:35]] = -1`.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# rows = []
# for seed in range(4):
#     rng = torch.Generator().manual_seed(seed)
#     chosen = torch.arange(35) if seed == 0 else torch.randperm(DIM, generator=rng)[:35]
#     z = latents(count, seed=20 + seed)
#     z[:, chosen] = -1
#     rows.append(z[:10])
#     measured = hair(faces(z)).std(axis=0).mean()
#     print(f"row {seed}: spread of the hair's colour {measured:.3f}")
# print(f"without a rule: {hair(faces(latents(count))).std(axis=0).mean():.3f}")
# show(faces(torch.cat(rows)))
# ```
#
# Within a row the faces are related: in the colour of the hair, the light, the way the head is
# turned. They are cousins, not twins, for 65 entries are still free. Another set of entries gives
# another family. What is held is a *direction*: these 35 entries at −1 add the same vector of
# length $\sqrt{35} \approx 6$ to every face of the row.
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
# **What to notice.** Since the ends are almost at right angles, the middle of the line is only $10
# / \sqrt 2 \approx 7$ long. The line is a chord: it cuts through the inside of the sphere, where
# latents never are, and the faces in the middle are blander than those at the ends.
#
# > **Exercise 4.** Interpolate without leaving the sphere: write `slerp(z0, z1, t)`, which walks
# > along the arc at constant speed. With $\theta$ the angle between the two,
# >
# > $$z(t) = \frac{\sin((1 - t)\,\theta)}{\sin\theta}\, z_0
# >          + \frac{\sin(t\,\theta)}{\sin\theta}\, z_1 .$$
# >
# > Show the same three walks, and plot the length. How much does the middle of the walk gain in
# > contrast?
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
# The length goes evenly from that of one end to that of the other, and the middle has the contrast
# of any other face. For the pictures of a paper, a film, or a slider, take slerp.
#
# </details>

# %%
# Your turn.

# %% [markdown]
# There is a shorter way to stay on the sphere when you may choose the ends yourself: two random
# latents are nearly at right angles and nearly of one length, so $\cos(\varphi)\,a +
# \sin(\varphi)\,b$ goes round a great circle, and comes back to where it began.

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
# The inside of the sphere is not good for walks, but good for something else. Multiply all latents
# by a number $\psi$ (*psi*): below 1, every face moves toward the origin, and so toward all others.
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
# **What to notice.** At 0 there is no face: the first layer has no bias, so a latent of zeros is an
# empty plan, the same in each place. At 0.5 faces are soft and regular, oddities have gone; at 1.6
# they are all contrast, and some fall apart. Between 0.6 and 0.9 many find the pictures best.
# Whoever shows only beautiful samples has often turned this knob. It costs variety, as the curve
# says, so a fair figure of quality names its $\psi$. In kaogan it is `sampler.sample(16,
# truncation=0.7)`.
#
# ## 9. Directions with a meaning
#
# Single entries mean nothing, directions do. How do we find one? *By regression.* Draw many faces,
# measure something in each, here the brightness of the hair $y$, and ask which vector $v$ predicts
# it best from the latent: $y \approx v \cdot z + c$. This is least squares, and $v$, scaled to
# length 1, is the direction in which $y$ grows fastest.
#
# ### First, check the instrument
#
# Is the patch above the forehead really hair? For drawn avatars we *know* the colour of the hair:
# their record says so. So we measure on drawings first.

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
# Each dot is an avatar, in the colour of its hair. The instrument works, not perfectly (ribbons,
# glosses, cat ears), but a thousand faces average that out.
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
# The middle row shows ten *new* faces, which took no part in the search. Upward their hair gets
# darker, downward lighter, until at the ends it is black and white.
#
# ### And measure that it does what you say
#
# On fresh latents, in comparison with a random direction of the same length. And since a step along
# a line leaves the sphere, we pull every latent back to its length first: the effect shall not come
# from that.


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
# The bars show how much faces differ from each other. The found direction takes *every* face,
# whatever it was, from dark to light; at the ends the bars are short, all agree. A random direction
# does little. Not nothing: by chance it has a small part along the found one. Change its seed, and
# it leans the other way.
#
# > **Exercise 5.** Find the direction that changes the *colour* of hair, from blue to blond, and
# > measure that it does. Does it leave the brightness alone? If not, make it.
#
# <details><summary>Hint</summary>
#
# `warmth(measured)` is what to predict. If two directions are not at right angles, moving along one
# moves along the other: subtract from the first its part along the second, `v - (v @ w) * w`.
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
# turns and the rest stays, mostly: some backgrounds and eyes go along, because in the data they do.
# A generator learns what occurs together, not what belongs together.
#
# </details>

# %%
# Your turn.

# %% [markdown]
# ## 10. Arithmetic with faces
#
# There is a way to a direction without any regression, and it made DCGAN famous: *average and
# subtract*. Take some latents whose faces have a property, take others whose faces do not, and
# subtract the means. What the faces do not share averages out; what they share remains.
#
# By eye, with ten each: the ten darkest and the ten lightest heads of hair among 500 faces.

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
# It works with ten. Would it with one? A single light face minus a single dark one is a difference
# in *everything*.
#
# > **Exercise 6.** How many faces must be averaged? For $n = 1, 3, 10, 30, 100$, take the $n$
# > lightest and the $n$ darkest of 1,000 faces, subtract the means, and compute the cosine with the
# > direction that regression found. Explain the curve: why does it rise at first, and can it fall
# > at the end?
#
# <details><summary>Hint</summary>
#
# Cosine of two vectors: `unit(a) @ unit(b)`. Think of each latent as a part along the direction
# plus noise in 99 others; averaging $n$ of them shrinks the noise to $1/\sqrt n$.
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
# With one pair the cosine is small: it is mostly an accident of two faces. It rises as the
# accidents average out. It could fall again for very many, because then the "lightest" include
# faces that are hardly light: the signal gets weaker while the noise is gone already. Regression
# uses all 3,000 faces and each one's measured value, so it wins. But average and subtract needs no
# measure at all, only someone who says "these, and not those"; it finds smiles and glasses as well.
#
# </details>

# %%
# Your turn.

# %% [markdown]
# ## 11. The same with kaogan
#
# What this lab did by hand, `kaogan directions` does for a dozen properties at once: measure, fit,
# move, measure again, and leave out what does not work. The directions of the generators that come
# with kaogan lie beside them:

# %%
from kaogan.latent import Directions, find, plane

home = Path(GENERATOR) if os.path.isdir(GENERATOR) else kaogan.zoo.FOLDER / GENERATOR
file = home / "directions.json"
known = Directions.read(file) if file.exists() else find(sampler.generator, DIM, orthogonal=True)
for direction in known.directions:
    if direction.kind == "named":
        print(f"{direction.name:20} {direction.low} to {direction.high}: R² {direction.r2:.2f}")

# %% [markdown]
# Hue is an angle, so one direction cannot hold it; two can. Here one face goes along two of the
# directions at once (with `faces-64`: from green hair to red, and from blue to yellow):

# %%
across, down = known.directions[1:3]
steps = torch.linspace(-3, 3, 3 if QUICK else 9)
square = plane(latents(1, seed=91)[0], across.vector, down.vector, steps, steps)
print(f"to the right {across.high}, downward {down.high}")
show(faces(square.flatten(0, 1)), columns=len(steps), zoom=1)

# %% [markdown]
# In a terminal, `kaogan walk` makes films and grids of such ways, `kaogan invert` finds the latent
# of a picture that you give, and `kaogan explore` opens a page with a slider for each direction.
#
# ## 12. What you know now
#
# * A latent is a point near a sphere; the generator knows the sphere and its neighbourhood.
# * Near in, near out. Walk on arcs, not on chords.
# * Less length, less variety.
# * Entries have no meaning, directions can. A direction is found from measured or chosen examples,
#   and it is shown on fresh ones, beside a random direction.
#
# Go on with `GENERATOR = "avatars-64"`, or with the run that you trained in [lab
# 2](2_anime_faces.ipynb): every cell works with it. How does a generator that has seen less fare in
# section 3, and in section 9?
