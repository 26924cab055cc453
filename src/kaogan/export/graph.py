"""A network's layers as an ONNX graph of few operators, which run fast in a browser.

Two changes leave the function the same:

- Batch norm is an affine map once training is over. It is folded into the layer before it.
- The first transposed convolution, of a 1 x 1 map, becomes one matrix product. In
  onnxruntime-web's WebAssembly this is three times as fast.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import singledispatch
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from kaogan.errors import KaoganError, UsageError
from kaogan.models.dcgan import MinibatchStd

if TYPE_CHECKING:
    from onnx import ModelProto

Axes = list[str | int]
"""A shape; an axis of any length has a name."""

OPSET, IR = 17, 8
"""Of 2022: old enough for every runtime that is around."""


class ToSphere(nn.Module):
    """Latents `N Z` brought to length sqrt(Z)."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.radius = math.sqrt(latent_dim)

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        return nn.functional.normalize(latents) * self.radius


def import_onnx() -> Any:
    """The onnx package.

    Raises:
        KaoganError: onnx or onnxruntime is not installed.

    """
    try:
        import onnx
        import onnxruntime  # noqa: F401  # every file is tried with it
    except ImportError:
        raise KaoganError("ONNX needs onnx and onnxruntime: pip install 'kaogan[onnx]'") from None
    return onnx


def model_of(
    layers: Iterable[nn.Module],
    sources: Sequence[tuple[str, Axes]],
    target: tuple[str, Axes],
) -> "ModelProto":
    """An ONNX model of layers that follow each other, in eval mode.

    Args:
        layers: the network.
        sources: names and shapes of the inputs; the network takes them side by side.
        target: name and shape of the output.

    Raises:
        KaoganError: onnx is not installed.
        UsageError: a layer has no translation here.

    """
    onnx = import_onnx()
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = Graph(sources[0][0])
    if len(sources) > 1:
        graph.end = graph.node("Concat", *(name for name, _ in sources), axis=1)
    for layer in folded(layers):
        append(layer, graph)
    graph.rename(target[0])
    made = helper.make_graph(
        graph.nodes,
        "network",
        [helper.make_tensor_value_info(name, kind, axes) for name, axes in sources],
        [helper.make_tensor_value_info(target[0], kind, target[1])],
        graph.weights,
    )
    opset = [helper.make_opsetid("", OPSET)]
    model: ModelProto = helper.make_model(made, opset_imports=opset, ir_version=IR)
    return model


def translatable(layers: Iterable[nn.Module]) -> bool:
    """Does every layer have a translation here?"""
    unknown = append.dispatch(object)
    return all(append.dispatch(type(layer)) is not unknown for layer in folded(layers))


def folded(layers: Iterable[nn.Module]) -> Iterator[nn.Module]:
    """The layers, with batch norm folded into the convolution before it.

    (w * x - mean) / sqrt(var + eps) * gain + bias is a convolution again, whose weights are
    w * gain / sqrt(var + eps).
    """
    waiting: nn.Module | None = None
    for layer in unpacked(layers):
        if isinstance(layer, nn.BatchNorm2d) and waiting is not None:
            transposed = isinstance(waiting, nn.ConvTranspose2d)
            waiting = fuse_conv_bn_eval(waiting, layer, transpose=transposed)  # type: ignore[type-var]
        else:
            if waiting is not None:
                yield waiting
            waiting = layer
    if waiting is not None:
        yield waiting


def unpacked(layers: Iterable[nn.Module]) -> Iterator[nn.Module]:
    """The layers, and those inside a Sequential in its place."""
    for layer in layers:
        if isinstance(layer, nn.Sequential):
            yield from unpacked(layer)
        else:
            yield layer


class Graph:
    """Nodes and weights of a graph that grows at one end."""

    def __init__(self, source: str) -> None:
        self.onnx = import_onnx()
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.end = source
        """The name of the last node's output."""
        self.begins = True

    def add(self, operator: str, *inputs: str, **attributes: Any) -> None:
        """Append an operator. Its inputs are the end of the graph, then `inputs`."""
        self.end, self.begins = self.node(operator, self.end, *inputs, **attributes), False

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator beside the end of the graph; returns the name of its output."""
        made = f"{len(self.nodes)}.{operator}"
        node = self.onnx.helper.make_node(operator, inputs, [made], made, **attributes)
        self.nodes.append(node)
        return made

    def weight(self, tensor: torch.Tensor) -> str:
        """Store a weight; returns its name."""
        return self.constant(np.ascontiguousarray(tensor.detach().cpu().numpy()))

    def constant(self, array: npt.NDArray[Any]) -> str:
        """Store an array; returns its name."""
        name = f"w{len(self.weights)}"
        self.weights.append(self.onnx.numpy_helper.from_array(array, name))
        return name

    def shape(self, *axes: int) -> str:
        """Store the shape for a Reshape; returns its name."""
        return self.constant(np.array(axes, np.int64))

    def rename(self, name: str) -> None:
        """Name the output."""
        self.nodes[-1].output[0] = name


# A translation for each kind of layer


@singledispatch
def append(layer: nn.Module, graph: Graph) -> None:
    """Append a layer to the graph."""
    raise UsageError(f"there is no ONNX form for a {type(layer).__name__} here")


@append.register
def _(layer: nn.ConvTranspose2d, graph: Graph) -> None:
    bias = layer.bias if layer.bias is not None else torch.zeros(layer.out_channels)
    height, width = int(layer.kernel_size[0]), int(layer.kernel_size[1])
    if graph.begins:  # of a latent, a 1 x 1 map: every weight is used once
        matrix, spread = layer.weight.flatten(1), bias.repeat_interleave(height * width)
        graph.add("Gemm", graph.weight(matrix), graph.weight(spread))
        graph.add("Reshape", graph.shape(-1, layer.out_channels, height, width))
    else:
        graph.add("ConvTranspose", graph.weight(layer.weight), graph.weight(bias), **window(layer))


@append.register
def _(layer: nn.Conv2d, graph: Graph) -> None:
    bias = [] if layer.bias is None else [graph.weight(layer.bias)]
    graph.add("Conv", graph.weight(layer.weight), *bias, **window(layer))


@append.register
def _(layer: nn.Linear, graph: Graph) -> None:
    graph.add("Gemm", graph.weight(layer.weight), graph.weight(layer.bias), transB=1)


@append.register
def _(layer: nn.Upsample, graph: Graph) -> None:
    scales = graph.constant(np.array([1, 1, layer.scale_factor, layer.scale_factor], np.float32))
    graph.add(
        "Resize",
        "",
        scales,
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


@append.register
def _(layer: nn.AvgPool2d, graph: Graph) -> None:
    side = int(layer.kernel_size)  # type: ignore[arg-type]
    graph.add("AveragePool", kernel_shape=[side, side], strides=[side, side])


@append.register
def _(layer: nn.LeakyReLU, graph: Graph) -> None:
    graph.add("LeakyRelu", alpha=layer.negative_slope)


@append.register
def _(layer: nn.ReLU, graph: Graph) -> None:
    graph.add("Relu")


@append.register
def _(layer: nn.Tanh, graph: Graph) -> None:
    graph.add("Tanh")


@append.register
def _(layer: MinibatchStd, graph: Graph) -> None:
    maps, one = graph.end, graph.shape(1)
    divisors = graph.shape(*(n for n in range(1, layer.group + 1) if layer.group % n == 0))
    rest = graph.node("Mod", graph.node("Shape", maps, end=1), divisors)
    fits = graph.node("Equal", rest, graph.shape(0))
    size = graph.node("ReduceMax", graph.node("Where", fits, divisors, one), axes=[0])
    shape = graph.node("Shape", maps, start=1)
    grouped = graph.node("Concat", graph.shape(-1), size, shape, axis=0)
    groups = graph.node("Reshape", maps, grouped)
    apart = graph.node("Sub", groups, graph.node("ReduceMean", groups, axes=[1]))
    variance = graph.node("ReduceMean", graph.node("Mul", apart, apart), axes=[1])
    tiny = graph.constant(np.array(1e-8, np.float32))
    deviation = graph.node("Sqrt", graph.node("Add", variance, tiny))
    mean = graph.node("ReduceMean", deviation, axes=[1, 2, 3, 4])
    sides = graph.node("Shape", maps, start=2)
    spread = graph.node("Expand", mean, graph.node("Concat", one, size, one, sides, axis=0))
    channel = graph.node("Concat", graph.shape(-1, 1), sides, axis=0)
    graph.add("Concat", graph.node("Reshape", spread, channel), axis=1)


@append.register
def _(layer: nn.Flatten, graph: Graph) -> None:
    if layer.start_dim == 0:
        graph.add("Reshape", graph.shape(-1))
    else:
        graph.add("Flatten")


@append.register
def _(layer: ToSphere, graph: Graph) -> None:
    graph.add("LpNormalization", axis=1, p=2)
    graph.add("Mul", graph.constant(np.array(layer.radius, np.float32)))


def window(layer: nn.Conv2d | nn.ConvTranspose2d) -> dict[str, list[int]]:
    """The kernel, strides and padding of a convolution."""
    padding = [int(side) for side in layer.padding]
    return {
        "kernel_shape": list(layer.kernel_size),
        "strides": list(layer.stride),
        "pads": padding + padding,
    }
