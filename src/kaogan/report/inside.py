"""A look inside the two trained networks of a run: what their layers compute for one picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from kaogan.contracts import Model
from kaogan.images import to_model
from kaogan.rng import latents

MAPS = 10
"""Feature maps shown of each layer."""
FACES = 64
"""Faces over which the numbers inside a network are counted."""
BINS = 60
BLUR = 5
"""Pixels over which a gradient is averaged, in height and width, to be looked at."""
SPREAD = 4.0
"""Standard deviations to both sides of a histogram."""


@dataclass(frozen=True)
class Maps:
    """Some feature maps of a layer, for one picture: `shown` of `count`, from 0 to 1."""

    count: int
    shown: Float[Tensor, "N H W"]

    @property
    def side(self) -> int:
        """Height and width of a map."""
        return self.shown.shape[-1]


@dataclass(frozen=True)
class Histogram:
    """How often numbers occur: middles of equal intervals with densities, mean and deviation."""

    points: tuple[tuple[float, float], ...]
    mean: float
    deviation: float


@dataclass(frozen=True)
class NormedChannel:
    """One channel before and after a batch norm; layer and channel are counted from 1."""

    layer: int
    channel: int
    before: Histogram
    after: Histogram


def feature_maps(generator: nn.Module, latent_dim: int) -> tuple[Maps, ...]:
    """Those of the face of seed 0 after every ReLU, the smallest first; none without a ReLU.

    Of each layer the maps that vary most over the picture are shown, each divided by its largest
    value.
    """
    kinds = (nn.ReLU,)
    outputs = _outputs(generator, kinds, latents([0], latent_dim))
    return tuple(_most_varied(out[0]) for out in outputs if out.dim() == 4)


def _most_varied(maps: Float[Tensor, "C H W"]) -> Maps:
    chosen = maps[maps.flatten(1).std(1).argsort(descending=True)[:MAPS]].clamp(min=0)
    return Maps(len(maps), chosen / chosen.amax((1, 2), keepdim=True).clamp(min=1e-12))


def attention(
    discriminator: nn.Module, model: Model, pictures: UInt8[Tensor, "N H W C"]
) -> Float[Tensor, "N H W"]:
    """How strongly the logit changes with each pixel: the length of the gradient over channels.

    Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks" (2013), section 3. Each
    picture stands in a batch with the others, as in the training.
    """
    samples = to_model(pictures)
    samples.requires_grad_()
    slopes = []
    for place in range(len(samples)):
        # First in its group: packs and minibatch statistics look at the pictures after it.
        logits = discriminator(samples.roll(-place, 0)[: _even(len(samples), model)])
        (slope,) = torch.autograd.grad(logits[0], samples)
        slopes.append(slope[place].square().sum(0).sqrt())
    return torch.stack(slopes)


def _even(count: int, model: Model) -> int:
    """The largest number of pictures that fills packs."""
    return max(model.packing, count - count % model.packing)


def blurred(attention: Float[Tensor, "N H W"]) -> Float[Tensor, "N H W"]:
    """The mean over `BLUR` x `BLUR` pixels around each, divided by the largest of its picture."""
    maps = avg_pool2d(attention[:, None], BLUR, 1, BLUR // 2, count_include_pad=False)[:, 0]
    return maps / maps.amax((1, 2), keepdim=True).clamp(min=1e-12)


def centred(attention: Float[Tensor, "N H W"]) -> float:
    """The share of the squared gradient in the middle half of the height and width: 0 to 1."""
    size = attention.shape[-1]
    middle = slice(size // 4, size - size // 4)
    return float(attention[:, middle, middle].square().sum() / attention.square().sum())


def normed_channel(generator: nn.Module, latent_dim: int) -> NormedChannel | None:
    """What batch norm does to one channel of a generator, over 64 faces.

    It is the channel of all layers whose numbers lie farthest from 0 before, in standard
    deviations. None without a batch norm of maps.
    """
    norms = [layer for layer in generator.modules() if isinstance(layer, nn.BatchNorm2d)]
    found: list[tuple[float, int, int, Tensor, Tensor]] = []

    def note(_: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        before, after = (x.float().transpose(0, 1).flatten(1) for x in (inputs[0], output))
        distances = before.mean(1).abs() / before.std(1).clamp(min=1e-12)
        channel = int(distances.argmax())
        chosen = before[channel].clone(), after[channel].clone()
        found.append((float(distances[channel]), len(found) + 1, channel + 1, *chosen))

    _run(generator, latents(list(range(FACES)), latent_dim), norms, note)
    if not found:
        return None
    _, layer, channel, *pair = max(found, key=lambda one: one[0])
    low = min(float(x.mean() - SPREAD * x.std()) for x in pair)
    high = max(float(x.mean() + SPREAD * x.std()) for x in pair)
    before, after = (_histogram(numbers, low, max(high, low + 1e-6)) for numbers in pair)
    return NormedChannel(layer, channel, before, after)


def _histogram(numbers: Float[Tensor, "N"], low: float, high: float) -> Histogram:
    step = (high - low) / BINS
    density = (torch.histc(numbers, BINS, low, high) / (len(numbers) * step)).tolist()
    points = tuple((low + (n + 0.5) * step, y) for n, y in enumerate(density))
    return Histogram(points, float(numbers.mean()), float(numbers.std()))


def sizes(
    discriminator: nn.Module, pictures: UInt8[Tensor, "N H W C"]
) -> tuple[tuple[float, float], ...]:
    """The standard deviation of the numbers that each LeakyReLU of a discriminator gives.

    Returns:
        The number of the layer, from 1, and the deviation; layer 0 is the pictures.

    """
    samples = to_model(pictures)
    outputs = _outputs(discriminator, (nn.LeakyReLU,), samples)
    return tuple((float(n), float(x.std())) for n, x in enumerate((samples, *outputs)))


def _outputs(network: nn.Module, kinds: tuple[type[nn.Module], ...], x: Tensor) -> list[Tensor]:
    """What the layers of these kinds give, in their order."""
    outputs: list[Tensor] = []
    chosen = [layer for layer in network.modules() if isinstance(layer, kinds)]
    _run(network, x, chosen, lambda _, __, output: outputs.append(output.clone()))
    return outputs


def _run(
    network: nn.Module, x: Tensor, layers: Sequence[nn.Module], note: Callable[..., None]
) -> None:
    """One pass with hooks at some layers, which are removed again."""
    hooks = [layer.register_forward_hook(note) for layer in layers]
    try:
        with torch.inference_mode():
            network(x)
    finally:
        for hook in hooks:
            hook.remove()
