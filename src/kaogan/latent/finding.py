"""Finding directions in a generator without labels, and measuring their effects.

- named: the slope of a property that can be measured in pictures (`kaogan.latent.properties`), by
  ridge regression on the latents of a few thousand generated faces
- sefa, pca: from the first layer alone (`kaogan.latent.factors`)

The effect of every direction is measured: faces are moved along it, drawn and measured again. A
named direction that does not change its property as it should is left out, with the reason.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from kaogan.latent.directions import Direction, Directions, Kind, SkippedDirection
from kaogan.latent.factors import Found, first_relu, pca, sefa
from kaogan.latent.fingerprint import fingerprint
from kaogan.latent.properties import measure_properties, properties
from kaogan.progress import Silent, Tracker
from kaogan.rng import seed_of

FIT, FRESH, MOVED = 3072, 1024, 32
"""Faces to fit on, other faces to test the fits on, and faces that are moved."""
STEPS = (-2.0, -1.0, 1.0, 2.0)
"""Distances of the moves: 95 percent of random latents lie within 2 along any direction."""
FACTORS = 6
"""Directions of sefa, and of pca."""
BATCH = 128

LOWEST_R2 = 0.3
SMALLEST_CHANGE = 0.25
"""Standard deviations by which a step of 1 must change the property."""
LEAST_OF_ITS_OWN = 0.5
"""Length that must remain of a unit slope after its projection on all others is removed."""
CONSTANT = 1e-5

FACTORISATIONS: dict[Kind, Callable[[nn.Module, int, int], Found]] = {"sefa": sefa, "pca": pca}


def find(
    generator: nn.Module,
    latent_dim: int,
    orthogonal: bool = False,
    fit: int = FIT,
    tracker: Tracker | None = None,
) -> Directions:
    """All directions of a generator that work.

    Args:
        generator: latents `N Z` to pictures `N C H W` in [-1, 1], with standing statistics.
        latent_dim: Z.
        orthogonal: free the directions of the picture's parts from each other, the best explained
            ones first; see `freed`. Properties of the whole picture depend on its parts and stay.
        fit: faces to fit on.
        tracker: told of every face drawn; their number is at most `faces_drawn`.

    """
    faces = _Faces(generator, latent_dim, fit, tracker or Silent())
    explained, left_out = _explained(faces)
    vectors = {name: faces.slope(name) for name in explained}
    if orthogonal:
        vectors, dependent = _freed(vectors, explained)
        left_out += dependent
    kept = []
    for name, vector in vectors.items():
        changes = faces.moved(vector)
        direction = _described(name, "named", vector, explained[name], changes, name)
        if fault := _fault(direction, changes):
            left_out.append(SkippedDirection(name, fault, direction.r2, direction.per_unit))
        else:
            kept.append(direction)
    kept += _factors(faces)
    return Directions(tuple(kept), tuple(left_out), fingerprint(generator), orthogonal)


def _explained(faces: "_Faces") -> tuple[dict[str, float], list[SkippedDirection]]:
    """The properties that are linear enough, with the share of variance that a fit explains."""
    good, left_out = {}, []
    varies, explained = faces.varies.tolist(), faces.explained.tolist()
    for name, differs, share in zip(properties, varies, explained, strict=True):
        if not differs:
            left_out.append(SkippedDirection(name, "the faces do not differ in it"))
        elif share < LOWEST_R2:
            reason = f"a linear fit explains {share:.0%} of it on fresh faces"
            left_out.append(SkippedDirection(name, reason, share))
        else:
            good[name] = share
    return good, left_out


def _freed(
    vectors: dict[str, Tensor], explained: dict[str, float]
) -> tuple[dict[str, Tensor], list[SkippedDirection]]:
    """The directions, those of parts freed from each other; and parts for which this fails."""
    parts = [name for name in vectors if not properties[name].whole]
    parts.sort(key=lambda name: -explained[name])
    if not parts:
        return vectors, []
    kept, own = freed(torch.stack([vectors[name] for name in parts]))
    free = {parts[place]: vector for place, vector in zip(kept, own, strict=True)}
    reason = "it goes with others that are better explained"
    dependent = [name for name in parts if name not in free]
    left_out = [SkippedDirection(name, reason, explained[name]) for name in dependent]
    remaining = {name: free.get(name, vectors[name]) for name in vectors if name not in dependent}
    return remaining, left_out


def faces_drawn(fit: int = FIT) -> int:
    """The most faces that `find` draws."""
    return fit + FRESH + MOVED * (1 + len(STEPS) * (len(properties) + 2 * FACTORS))


def ridge(z: Float[Tensor, "N Z"], values: Float[Tensor, "N P"]) -> Float[Tensor, "Z P"]:
    """Slopes w that minimise |values - z w|^2 + Z |w|^2, for centred values of variance 1.

    The best penalty is the ratio of noise to signal. It is Z for latents from N(0, I) and a slope
    that explains half of the variance, spread evenly over the Z entries.
    """
    dim = z.shape[1]
    slopes: Tensor = torch.linalg.solve(z.T @ z + dim * torch.eye(dim), z.T @ values)
    return slopes


def freed(units: Float[Tensor, "P Z"]) -> tuple[list[int], Float[Tensor, "Q Z"]]:
    """Unit vectors, each orthogonal to the slopes of all others that are kept; and which are kept.

    A step along one does not change the linear fits of the others. This is the "conditional
    manipulation" of Shen, Gu, Tang and Zhou, "Interpreting the latent space of GANs for semantic
    face editing" (CVPR 2020), section 3.2, for all conditions at once. The vectors are the columns
    of U (U^T U)^-1. A slope is not kept if too little of it or of an earlier one would remain.
    """
    kept: list[int] = []
    for candidate in range(len(units)):
        chosen = units[[*kept, candidate]].double()
        # The remaining length of slope i is 1 / sqrt of the inverse's entry i, i.
        left = torch.linalg.inv(chosen @ chosen.T).diagonal().rsqrt()
        if bool((left >= LEAST_OF_ITS_OWN).all()):
            kept.append(candidate)
    chosen = units[kept].double()
    duals = torch.linalg.solve(chosen @ chosen.T, chosen)
    return kept, torch.nn.functional.normalize(duals, dim=1).float()


class _Faces:
    """Faces of a generator, and the linear fits of their properties; values have variance 1."""

    def __init__(self, generator: nn.Module, latent_dim: int, fit: int, tracker: Tracker) -> None:
        self.generator, self.tracker = generator, tracker
        rng = torch.Generator().manual_seed(seed_of(latent_dim, fit))
        known, fresh, self.latents = (
            torch.randn(count, latent_dim, generator=rng) for count in (fit, FRESH, MOVED)
        )
        values = self.measure(known)
        centre, spread = values.mean(0), values.std(0)
        self.varies = spread > CONSTANT
        self.spread = torch.where(self.varies, spread, torch.inf)
        self.slopes = ridge(known, (values - centre) / self.spread)
        truth = (self.measure(fresh) - centre) / self.spread
        error = (truth - fresh @ self.slopes).square().mean(0)
        self.explained = 1 - error / truth.var(0, correction=0).clamp(min=CONSTANT)
        self.values = self.measure(self.latents)

    def measure(self, z: Float[Tensor, "N Z"]) -> Float[Tensor, "N P"]:
        """The properties of the faces of some latents."""
        device = next(self.generator.parameters()).device
        parts = []
        for part in torch.split(z, BATCH):
            with torch.inference_mode():
                parts.append(measure_properties(self.generator(part.to(device)).float()).cpu())
            self.tracker.advance(len(part))
        return torch.cat(parts)

    def slope(self, name: str) -> Float[Tensor, "Z"]:
        """The direction in which a property rises fastest, of length 1."""
        return torch.nn.functional.normalize(self.slopes[:, list(properties).index(name)], dim=0)

    def moved(self, vector: Float[Tensor, "Z"]) -> Float[Tensor, "S P"]:
        """The mean change of every property after each of STEPS, in standard deviations."""
        steps = torch.tensor(STEPS)[:, None, None]
        z = (self.latents + steps * vector).flatten(0, 1)
        values = self.measure(z).reshape(len(STEPS), MOVED, -1)
        changes: Tensor = ((values - self.values) / self.spread).mean(1)
        return changes


def _slope(changes: Float[Tensor, "S P"]) -> Float[Tensor, "P"]:
    """The change for a step of 1: least squares through 0."""
    steps = torch.tensor(STEPS)
    return steps @ changes / (steps @ steps)


def _fault(direction: Direction, changes: Float[Tensor, "S P"]) -> str:
    """Why a direction does not change its property as it should; empty if it does.

    A part of the picture is compared with the other parts only, as the whole changes with each.
    """
    name, effects = direction.name, direction.effects
    if direction.per_unit < SMALLEST_CHANGE:
        return f"a step of 1 changes it by {direction.per_unit:.2f} of its spread only"
    own = changes[:, list(properties).index(name)]
    below = sum(step < 0 for step in STEPS)
    in_order = torch.cat([own[:below], torch.zeros(1), own[below:]])
    if not bool((in_order.diff() > 0).all()):
        return "it does not rise all along"
    rivals = [each for each in effects if properties[name].whole or not properties[each].whole]
    most = max(rivals, key=lambda each: abs(effects[each]))
    return "" if most == name else f"it changes {most} more than itself"


def _described(
    name: str,
    kind: Kind,
    vector: Float[Tensor, "Z"],
    share: float,
    changes: Float[Tensor, "S P"],
    shown: str,
) -> Direction:
    """A direction with its measured effects, in the words of the property `shown`."""
    effects = dict(zip(properties, _slope(changes).tolist(), strict=True))
    low, high = properties[shown].low, properties[shown].high
    return Direction(name, kind, vector, low, high, share, effects[shown], effects)


def _factors(faces: "_Faces") -> list[Direction]:
    """The directions of the first layer, in the words of the property that each changes most."""
    if first_relu(faces.generator) is None:
        return []
    dim = faces.latents.shape[1]
    directions = []
    for kind, factorise in FACTORISATIONS.items():
        vectors, shares = factorise(faces.generator, dim, min(FACTORS, dim))
        for place, (vector, share) in enumerate(zip(vectors, shares.tolist(), strict=True), 1):
            changes = faces.moved(vector)
            effects = _slope(changes)
            most = int(effects.abs().argmax())
            sign = 1.0 if effects[most] >= 0 else -1.0  # an eigenvector has no sign of its own
            # Moved the other way, the changes are the same, in the other order.
            turned = changes if sign > 0 else changes.flip(0)
            name, shown = f"{kind}-{place}", list(properties)[most]
            directions.append(_described(name, kind, sign * vector, share, turned, shown))
    return directions
