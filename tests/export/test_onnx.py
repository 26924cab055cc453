"""An .onnx file: onnxruntime draws what PyTorch draws, whatever the batch."""

import json
import sys

import numpy as np
import pytest
import torch
from networks import inputs_of, trained
from torch import nn

from kaogan import recipes
from kaogan.errors import KaoganError, UsageError
from kaogan.export import Network, Onnx, Origin
from kaogan.export.graph import folded, model_of
from kaogan.export.onnx import encoder_onnx, tried
from kaogan.latent.directions import Direction, Directions
from kaogan.latent.encoder import Encoder
from kaogan.latent.encoder_file import write_encoder
from kaogan.latent.fingerprint import fingerprint
from kaogan.models.dcgan import DCGAN
from kaogan.training.recipe import Recipe

onnx = pytest.importorskip("onnx", reason="needs kaogan[onnx]")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs kaogan[onnx]")

SMALL = {"size": 32, "width": 4, "latent_dim": 8}
MODELS = {
    "plain": DCGAN(**SMALL),
    "resize": DCGAN(**SMALL | {"size": 64, "channels": 1, "upsample": "resize"}),
    "spectral": DCGAN(**SMALL | {"norm": "spectral"}),
    "no-norm": DCGAN(**SMALL | {"norm": "none"}),
    "standard": recipes.standard(**SMALL).model,
}


def outputs_of(file, inputs: torch.Tensor) -> np.ndarray:
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (name,) = [entry.name for entry in session.get_inputs()]
    return session.run(None, {name: inputs.numpy()})[0]


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("count", [1, 5, 6, 8])
def test_it_gives_the_same_outputs(model, player, count, tmp_path):
    network = trained(model, player)
    facts = Onnx().write(network, tmp_path / "n.onnx")
    inputs = inputs_of(network, count)
    with torch.no_grad():
        expected = network.module(inputs).numpy()
    found = outputs_of(tmp_path / "n.onnx", inputs)
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5 * max(1, np.abs(expected).max()))
    assert facts["largest_difference"] < 1e-5


def test_half_precision_is_half_the_size_and_nearly_the_same(tmp_path):
    network = trained(DCGAN(**SMALL | {"width": 16}), "generator")
    sizes = {}
    for precision in ("fp32", "fp16"):
        facts = Onnx(precision).write(network, tmp_path / f"{precision}.onnx")
        sizes[precision] = (tmp_path / f"{precision}.onnx").stat().st_size
    assert 1e-6 < facts["largest_difference"] < 1e-2
    assert sizes["fp16"] < 0.55 * sizes["fp32"]
    inputs = inputs_of(network)
    with torch.no_grad():
        expected = network.module(inputs).numpy()
    found = outputs_of(tmp_path / "fp16.onnx", inputs)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-2)


def test_batch_norm_is_folded(tmp_path):
    Onnx().write(trained(DCGAN(**SMALL), "generator"), tmp_path / "g.onnx")
    operators = {node.op_type for node in onnx.load(tmp_path / "g.onnx").graph.node}
    assert operators == {"Gemm", "Reshape", "Relu", "ConvTranspose", "Tanh"}


def test_folding_is_the_equation():
    """(w * x - mean) / sqrt(var + eps) * gain + bias has weights w gain / sqrt(var + eps)."""
    torch.manual_seed(0)
    convolution, norm = nn.Conv2d(2, 3, 3, bias=False).eval(), nn.BatchNorm2d(3).eval()
    for tensor in (norm.running_mean, norm.running_var, norm.weight, norm.bias):
        tensor.data = torch.rand(3) + 0.5
    (one,) = folded([nn.Sequential(convolution, norm)])
    share = norm.weight / (norm.running_var + norm.eps).sqrt()
    torch.testing.assert_close(one.weight, convolution.weight * share[:, None, None, None])
    torch.testing.assert_close(one.bias, norm.bias - norm.running_mean * share)


def test_the_file_says_what_it_is(tmp_path):
    plain, recipe = trained(DCGAN(**SMALL), "generator"), Recipe(model=DCGAN(**SMALL))
    origin = Origin("faces", tmp_path, recipe, None, 1234)
    network = Network(plain.model, plain.player, plain.module, origin)
    Onnx().write(network, tmp_path / "g.onnx")
    read = onnx.load(tmp_path / "g.onnx")
    about = {entry.key: entry.value for entry in read.metadata_props}
    assert about["player"] == "generator"
    assert [int(about[key]) for key in ("size", "channels", "latent_dim")] == [32, 3, 8]
    assert json.loads(about["value_range"]) == [-1, 1]
    assert json.loads(about["images_seen"]) == 1234
    assert Recipe.model_validate(json.loads(about["recipe"])) == recipe
    (source,), (target,) = read.graph.input, read.graph.output
    assert (source.name, target.name) == ("z", "pictures")
    axes = [axis.dim_param or axis.dim_value for axis in source.type.tensor_type.shape.dim]
    assert axes == ["N", 8]


def test_the_same_network_gives_the_same_bytes(tmp_path):
    for name in ("one.onnx", "other.onnx"):
        Onnx("fp16").write(trained(DCGAN(**SMALL), "generator"), tmp_path / name)
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "other.onnx").read_bytes()


@pytest.mark.parametrize("size", [32, 128])
def test_an_encoder_too(size):
    torch.manual_seed(0)
    network = trained(DCGAN(**SMALL | {"size": size}), "generator")
    encoder = Encoder(size, 3, 8, width=4).eval()
    content, difference = encoder_onnx(encoder, network, "fp32")
    assert difference < 1e-5
    pictures = torch.rand(3, 3, size, size) * 2 - 1
    with torch.no_grad():
        expected = encoder(pictures).numpy()
    np.testing.assert_allclose(outputs_of(content, pictures), expected, atol=1e-5)


def test_what_lies_beside_the_generator_goes_with_it(tmp_path):
    plain = trained(DCGAN(**SMALL), "generator")
    home, out = tmp_path / "home", tmp_path / "out"
    origin = Origin("faces", home, Recipe(model=DCGAN(**SMALL)))
    network = Network(plain.model, plain.player, plain.module, origin)
    assert Onnx().write(network, out / "g.onnx")["encoder"] is None
    vector = torch.eye(8)[2]
    warmth = Direction("warmth", "named", vector, "cold", "warm", 0.9, 0.5, {"warmth": 0.5})
    Directions((warmth,), (), fingerprint(plain.module), False).write(home / "directions.json")
    write_encoder(Encoder(32, 3, 8, width=4).eval(), plain.module, home / "encoder.safetensors")
    assert Onnx().write(network, out / "g.onnx")["encoder"] == str(out / "encoder.onnx")
    assert outputs_of(out / "encoder.onnx", torch.zeros(2, 3, 32, 32)).shape == (2, 8)
    about = {entry.key: entry.value for entry in onnx.load(out / "g.onnx").metadata_props}
    (told,) = json.loads(about["directions"])
    assert (told["name"], told["vector"]) == ("warmth", vector.tolist())
    # Those of other weights count as not there.
    with torch.no_grad():
        next(plain.module.parameters()).add_(1)
    assert Onnx().write(network, out / "g.onnx")["encoder"] is None
    read = onnx.load(out / "g.onnx").metadata_props
    assert "directions" not in {entry.key for entry in read}


def test_what_differs_is_not_written():
    """The trial is a real one: another function in PyTorch is noticed."""
    network = trained(DCGAN(**SMALL), "generator")
    other = nn.Sequential(network.module, nn.Hardtanh(-0.01, 0.01))
    source, target = ("z", ["N", 8]), ("pictures", ["N", 3, 32, 32])
    with pytest.raises(KaoganError, match="differ from PyTorch"):
        tried([*network.module.children()], [source], target, other, "fp32", {})


def test_a_discriminator_of_packs_is_refused(tmp_path):
    with pytest.raises(UsageError, match="packs"):
        Onnx().write(trained(DCGAN(**SMALL, packing=2), "discriminator"), tmp_path / "d.onnx")
    assert not list(tmp_path.iterdir())


def test_an_unknown_layer_is_refused():
    with pytest.raises(UsageError, match="GELU"):
        model_of([nn.GELU()], [("x", ["N", 1])], ("y", ["N", 1]))


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_without_the_packages_the_extra_is_named(package, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(KaoganError, match=r"kaogan\[onnx\]"):
        Onnx().write(trained(DCGAN(**SMALL), "generator"), tmp_path / "g.onnx")
    assert not list(tmp_path.iterdir())
