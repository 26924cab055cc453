"""The DCGAN of `kaogan.models.dcgan` in Keras 3 layers, trained by the same loop.

Differences between the two libraries:

- pictures are `N H W C` in Keras: they are permuted at input and output
- kernels are `H W I O` in Keras, `O I H W` in PyTorch; of transposed convolutions `H W O I` and
  `I O H W`: one permutation converts both
- with a kernel of 4 and stride 2, padding "same" is PyTorch's padding of 1
- momentum of batch norm is the share of the old average in Keras (0.9), and of the new value in
  PyTorch (0.1); the default of epsilon is 1e-3 in Keras
- Keras has no `train()` and `eval()`: each call has an argument `training`
- the running variance is that of the batches in Keras, n / (n - 1) times it in PyTorch, for n
  pixels in a batch; training does not depend on it

Keras is only imported when a network is made.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, cast

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from kaogan.errors import KaoganError
from kaogan.models.dcgan import DCGAN, SLOPE, DCGANFields, stage_channels
from kaogan.models.registered import models

EPSILON, MOMENTUM = 1e-5, 0.1  # PyTorch's, of batch norm


def import_keras() -> Any:
    """Keras, on PyTorch unless the user chose another backend.

    Raises:
        KaoganError: Keras or its backend is not installed.

    """
    os.environ.setdefault("KERAS_BACKEND", "torch")
    try:
        import keras
    except ImportError as error:
        if error.name == "keras":
            raise KaoganError("Keras is not installed: pip install 'kaogan[keras]'") from None
        raise KaoganError(
            f"KERAS_BACKEND is {os.environ['KERAS_BACKEND']}, and that is not installed ({error}); "
            "install it, or use KERAS_BACKEND=torch"
        ) from None
    return keras


def keras_generator(model: DCGAN) -> Any:
    """The generator as a `keras.Sequential`: latents `N Z` to pictures `N H W C` in [-1, 1]."""
    layers = import_keras().layers
    stack = [layers.Input((model.latent_dim,)), layers.Reshape((1, 1, model.latent_dim))]
    widths = stage_channels(model.size, model.width)[::-1]
    for stage, filters in enumerate([*widths, model.channels]):
        options = _convolution(filters, stage)
        if stage == 0:
            stack.append(layers.Conv2DTranspose(**options, kernel_size=4))
        elif model.upsample == "transposed":
            options |= {"kernel_size": 4, "strides": 2, "padding": "same"}
            stack.append(layers.Conv2DTranspose(**options))
        else:
            stack.append(layers.UpSampling2D(2, name=f"double_{stage}"))
            stack.append(layers.Conv2D(**options, kernel_size=3, padding="same"))
        if stage < len(widths):
            stack += [_norm(layers, stage), layers.ReLU(name=f"relu_{stage}")]
    stack.append(layers.Activation("tanh", name="tanh"))
    return import_keras().Sequential(stack, name="generator")


def keras_discriminator(model: DCGAN) -> Any:
    """The discriminator as a `keras.Sequential`: pictures `N H W C` to logits `N 1`.

    With spectral norm, the weights are already divided by their largest singular values.
    """
    layers = import_keras().layers
    stack = [layers.Input((model.size, model.size, model.channels))]
    widths = stage_channels(model.size, model.width)
    for stage, filters in enumerate(widths):
        options = _convolution(filters, stage, bias=model.norm != "batch")
        stack.append(layers.Conv2D(**options, kernel_size=4, strides=2, padding="same"))
        if model.norm == "batch" and stage > 0:
            stack.append(_norm(layers, stage))
        stack.append(layers.LeakyReLU(SLOPE, name=f"leaky_relu_{stage}"))
    if model.minibatch_std:
        stack.append(minibatch_std(model.minibatch_std, widths[-1]))
    stack += [layers.Conv2D(**_convolution(1, len(widths)), kernel_size=4), layers.Flatten()]
    return import_keras().Sequential(stack, name="discriminator")


STD_NAME = "minibatch_std_"


def minibatch_std(group: int, channels: int) -> Any:
    """`kaogan.models.dcgan.MinibatchStd` for maps `N 4 4 C`, as a model of Keras' operations.

    Keras without kaogan could not load a file with a new layer. A reshape would fix the size of the
    groups. So each picture gathers the members of its group by their places.
    """
    keras = import_keras()
    ops = keras.ops
    maps = keras.layers.Input((4, 4, channels))
    ones = ops.ones_like(maps[:, 0, 0, 0], dtype="int32")
    count, place = ops.sum(ones), ops.cumsum(ones) - 1
    size = ops.ones_like(count)  # of a group: the largest number that divides both
    for divisor in (n for n in range(2, group + 1) if group % n == 0):
        size = ops.where(ops.equal(ops.mod(count, divisor), 0), divisor, size)
    first = place // size * size
    # Each member is gathered equally often, because `size` divides `group`.
    members = ops.expand_dims(first, 1) + ops.mod(ops.arange(group), size)
    groups = ops.take(ops.cast(maps, "float32"), members, axis=0)
    deviations = ops.sqrt(ops.var(groups, axis=1) + 1e-8)
    channel = ops.mean(deviations, axis=(1, 2, 3), keepdims=True)
    spread = channel * ops.cast(ops.ones_like(maps[..., :1]), "float32")
    outputs = ops.concatenate([maps, spread], axis=-1)
    return keras.Model(maps, outputs, name=f"{STD_NAME}{group}")


def _convolution(filters: int, stage: int, bias: bool = False) -> dict[str, Any]:
    return {
        "filters": filters,
        "use_bias": bias,
        "data_format": "channels_last",
        "kernel_initializer": import_keras().initializers.RandomNormal(0.0, 0.02),
        "name": f"conv_{stage}",
    }


def _norm(layers: Any, stage: int) -> Any:
    gain = import_keras().initializers.RandomNormal(1.0, 0.02)
    return layers.BatchNormalization(
        momentum=1 - MOMENTUM, epsilon=EPSILON, gamma_initializer=gain, name=f"norm_{stage}"
    )


# Weights


def keras_weights(network: nn.Module) -> dict[str, Tensor]:
    """The tensors of a network of `DCGAN` by Keras' paths (`conv_0/kernel`), in Keras' layout.

    They are views: writing into them changes the network. (Except with spectral norm, where they
    are the normalised weights.) Convolutions are numbered; a batch norm has the number of the
    convolution before it.
    """
    weights: dict[str, Tensor | None] = {}
    stage = -1
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            stage += 1
            weights[f"conv_{stage}/kernel"] = layer.weight.permute(2, 3, 1, 0)
            weights[f"conv_{stage}/bias"] = layer.bias
        elif isinstance(layer, nn.BatchNorm2d):
            weights[f"norm_{stage}/gamma"] = layer.weight
            weights[f"norm_{stage}/beta"] = layer.bias
            weights[f"norm_{stage}/moving_mean"] = layer.running_mean
            weights[f"norm_{stage}/moving_variance"] = layer.running_var
    return {path: tensor.detach() for path, tensor in weights.items() if tensor is not None}


# Networks for the trainer


class Averages(nn.BatchNorm2d):
    """The running averages of one Keras batch norm, updated as PyTorch does.

    As a batch norm of PyTorch, it is found by `kaogan.training.sampling.standing_statistics`.
    """

    def __init__(self, mean: Tensor, variance: Tensor) -> None:
        super().__init__(len(mean), eps=EPSILON, momentum=MOMENTUM, affine=False)
        self.running_mean, self.running_var = mean.clone(), variance.clone()

    @property
    def both(self) -> list[Tensor]:
        return [cast(Tensor, self.running_mean), cast(Tensor, self.running_var)]

    def update(self, mean: Tensor, variance: Tensor) -> None:
        """Move toward the statistics of a batch; without momentum, average all batches equally."""
        count = cast(Tensor, self.num_batches_tracked).add_(1)
        share = 1.0 / count if self.momentum is None else self.momentum
        for kept, new in zip(self.both, (mean, variance), strict=True):
            kept.lerp_(new.detach(), share)


class KerasNetwork(nn.Module):
    """A Keras model as a function of tensors in a PyTorch module.

    In the Keras model itself, batch norm's averages would be parameters, and a deep copy would
    write a file. Here weights are parameters, averages are buffers, and copies share the function.
    """

    def __init__(self, network: Any, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        keras = import_keras()
        if keras.backend.backend() != "torch":
            raise KaoganError(
                f"Keras runs on {keras.backend.backend()} here; to train with kaogan, use "
                "KERAS_BACKEND=torch"
            )
        self.weights = nn.ParameterDict()
        for variable in network.trainable_variables:
            path = variable.path.removeprefix(f"{network.name}/")
            self.weights[path] = nn.Parameter(weights[path].clone())
        norms = [x for x in network.layers if isinstance(x, keras.layers.BatchNormalization)]
        self.averages = nn.ModuleDict()
        for norm in norms:
            mean, variance = (weights[f"{norm.name}/moving_{m}"] for m in ("mean", "variance"))
            self.averages[norm.name] = Averages(mean, variance)
            norm.momentum = 0.0  # so Keras returns the statistics of the batch
        self._call = _stateless(keras, network)

    def forward(self, inputs: Tensor) -> Tensor:
        averages = cast(list[Averages], list(self.averages.values()))
        statistics = [tensor for norm in averages for tensor in norm.both]
        outputs, new = self._call(list(self.weights.values()), statistics, inputs, self.training)
        if self.training:
            for norm, mean, variance in zip(averages, new[::2], new[1::2], strict=True):
                norm.update(mean, variance)
        return outputs

    def keras_weights(self) -> dict[str, Tensor]:
        """All tensors by Keras' paths."""
        weights: dict[str, Tensor] = dict(self.weights.items())
        for name, norm in self.averages.items():
            mean, variance = cast(Averages, norm).both
            weights |= {f"{name}/moving_mean": mean, f"{name}/moving_variance": variance}
        return weights


def _stateless(keras: Any, network: Any) -> Callable[..., tuple[Tensor, list[Tensor]]]:
    """The Keras model as a pure function. A deep copy of a function is the function itself."""

    def call(
        weights: list[Tensor], statistics: list[Tensor], inputs: Tensor, training: bool
    ) -> tuple[Tensor, list[Tensor]]:
        with keras.device(str(inputs.device)):  # or Keras moves them to a GPU if there is one
            outputs, new = network.stateless_call(weights, statistics, inputs, training=training)
        return outputs, new

    return call


class KerasGenerator(nn.Module):
    """Latents `N Z` to pictures `N C H W` in [-1, 1]."""

    def __init__(self, twin: DCGAN) -> None:
        super().__init__()
        self.network = KerasNetwork(keras_generator(twin), keras_weights(twin.generator()))

    def forward(self, latents: Float[Tensor, "N Z"]) -> Float[Tensor, "N C H W"]:
        pictures: Tensor = self.network(latents)
        return pictures.permute(0, 3, 1, 2)


class KerasDiscriminator(nn.Module):
    """Pictures `N C H W` in [-1, 1] to logits `N`: log-odds of being real."""

    def __init__(self, twin: DCGAN) -> None:
        super().__init__()
        self.network = KerasNetwork(keras_discriminator(twin), keras_weights(twin.discriminator()))

    def forward(self, pictures: Float[Tensor, "N C H W"]) -> Float[Tensor, "N"]:
        logits: Tensor = self.network(pictures.permute(0, 2, 3, 1))
        return logits.flatten()


@models.register("keras-dcgan")
class KerasDCGAN(DCGANFields):
    """The networks in Keras, with the same first weights as `DCGAN` for a seed."""

    name: Literal["keras-dcgan"] = "keras-dcgan"
    synchronises: ClassVar[bool] = False
    norm: Literal["batch", "none"] = Field(default="batch", description="of D")
    packing: Literal[1] = Field(default=1, description="pictures judged by one logit")

    @property
    def twin(self) -> DCGAN:
        """The same networks in PyTorch."""
        return DCGAN(**self.model_dump(exclude={"name"}))

    def exported(self, network: nn.Module, player: str) -> tuple[DCGAN, nn.Module]:
        twin = self.twin
        module = twin.generator() if player == "generator" else twin.discriminator()
        kept = keras_weights(module)
        for path, tensor in cast(KerasNetwork, network.network).keras_weights().items():
            kept[path].copy_(tensor.detach())
        return twin, module

    def generator(self) -> KerasGenerator:
        return KerasGenerator(self.twin)

    def discriminator(self) -> KerasDiscriminator:
        return KerasDiscriminator(self.twin)
