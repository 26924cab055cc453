"""Operations per second of each convolution of the networks, in each of its three products."""

import statistics
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from kaogan import recipes
from kaogan.bench.floor import DTYPES
from kaogan.bench.timing import seconds_of
from kaogan.training.precision import Compute, choose_precision
from worker import About, Orders, Task, serve

TOGETHER = 20
"""Products that are timed together."""
ROUNDS = 5

Layer = nn.Conv2d | nn.ConvTranspose2d


def load(task: Task) -> tuple[About, Orders]:
    """Offer to measure all layers with a batch."""
    device = torch.device(task["device"])
    precision = choose_precision("auto", device)
    Compute(device, precision)  # lets cuDNN choose by measurement, as in a training

    def measure(batch: int) -> list[dict[str, Any]]:
        recipe = recipes.named(task["recipe"], batch=batch, width=task["width"])
        z = torch.empty(batch, recipe.model.latent_dim, device="meta")
        x = torch.empty(batch, *recipe.model.sample_shape, device="meta")
        return [
            row
            for network, inputs in (
                (recipe.model.generator(), z),
                (recipe.model.discriminator(), x),
            )
            for layer, shape in shapes(network.to("meta"), inputs)
            for row in rows(layer, shape, device, DTYPES[precision])
        ]

    return {"precision": precision}, {"measure": measure}


def shapes(network: nn.Module, inputs: Tensor) -> list[tuple[Layer, torch.Size]]:
    """Each convolution of a network, and the shape of what it reads for these inputs."""
    found: list[tuple[Layer, torch.Size]] = []

    def note(layer: Layer, read: tuple[Tensor]) -> None:
        found.append((layer, read[0].shape))

    hooks = [
        module.register_forward_pre_hook(note)
        for module in network.modules()
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
    ]
    with torch.no_grad():
        network(inputs)
    for hook in hooks:
        hook.remove()
    return found


def rows(
    layer: Layer, shape: torch.Size, device: torch.device, dtype: torch.dtype
) -> list[dict[str, Any]]:
    """The three products of a layer. In each, an entry of the smaller map meets every weight."""
    last: dict[str, Any] = {"device": device, "dtype": dtype}
    transposed = isinstance(layer, nn.ConvTranspose2d)
    x = torch.randn(shape).to(**last, memory_format=torch.channels_last)
    w = torch.randn(layer.weight.shape).to(**last, memory_format=torch.channels_last)
    how = (layer.stride, layer.padding, layer.dilation, transposed, (0, 0), layer.groups)
    y = torch.ops.aten.convolution(x, w, None, *how)
    flops = 2 * len(x) * w.numel() * (x if transposed else y)[0, 0].numel()

    def gradient(of_input: bool) -> Callable[[], object]:
        return lambda: torch.ops.aten.convolution_backward(
            y, x, w, None, *how, [of_input, not of_input, False]
        )

    products: dict[str, Callable[[], object]] = {
        "forward": lambda: torch.ops.aten.convolution(x, w, None, *how),
        "gradient by input": gradient(True),
        "gradient by weight": gradient(False),
    }
    name = f"{x.shape[1]}→{y.shape[1]} on {x.shape[2]}×{x.shape[3]} to {y.shape[2]}×{y.shape[3]}"
    found = []
    for product, work in products.items():
        seconds, alone = time_of(work, device)
        found.append(
            {
                "layer": name + (", transposed" if transposed else ""),
                "product": product,
                "seconds": seconds,
                "flops_per_second": flops / seconds,
                "launches_counted": not alone,
            }
        )
    return found


def time_of(work: Callable[[], object], device: torch.device) -> tuple[float, bool]:
    """Seconds of `work`, the median of some rounds; and whether it was timed without its launches.

    Small products take less time than their launch. So they are recorded as a CUDA graph, if that
    works.
    """

    def repeated() -> None:
        for _ in range(TOGETHER):
            work()

    work()
    again, alone = repeated, device.type != "cuda"
    if device.type == "cuda":
        try:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                repeated()
            again, alone = graph.replay, True
        except RuntimeError:
            torch.cuda.synchronize(device)
    again()
    times = [seconds_of(again, device) for _ in range(ROUNDS)]
    return statistics.median(times) / TOGETHER, alone


if __name__ == "__main__":
    serve(load)
