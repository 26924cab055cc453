"""A .keras file: the same pictures in plain Keras on each backend, and back without loss."""

import importlib.util
import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch
from networks import inputs_of, trained

from kaogan import recipes
from kaogan.errors import KaoganError, UsageError
from kaogan.export import Keras, Network
from kaogan.export.keras import sequential
from kaogan.models.dcgan import DCGAN

pytest.importorskip("keras", reason="needs kaogan[keras]")

SMALL = {"size": 32, "width": 4, "latent_dim": 8}
STANDARD = recipes.standard(**SMALL).model
MODELS = [
    DCGAN(**SMALL),
    DCGAN(**SMALL | {"size": 64, "channels": 1, "upsample": "resize"}),
    DCGAN(**SMALL | {"norm": "none"}),
    STANDARD,
]

NETWORKS = {
    "generator": (DCGAN(**SMALL), "generator"),
    "discriminator": (DCGAN(**SMALL), "discriminator"),
    "standard": (STANDARD, "discriminator"),
}

PLAIN_KERAS = """
import sys
sys.modules["kaogan"] = None  # not installed
import keras, numpy
for name in sys.argv[2:]:
    model = keras.saving.load_model(f"{sys.argv[1]}/{name}.keras", compile=False)
    outputs = model(numpy.load(f"{sys.argv[1]}/{name}-in.npy"), training=False)
    numpy.save(f"{sys.argv[1]}/{name}-out.npy", keras.ops.convert_to_numpy(outputs))
print(keras.backend.backend())
"""


@pytest.fixture(params=MODELS, ids=["plain", "resize", "no-norm", "standard"])
def network(request, player) -> Network:
    return trained(request.param, player)


def outputs_of(network: Network, inputs: torch.Tensor) -> np.ndarray:
    """What the network gives, as Keras has it: pictures `N H W C`, logits `N 1`."""
    with torch.no_grad():
        outputs = network.module(inputs)
    return (outputs.permute(0, 2, 3, 1) if outputs.ndim == 4 else outputs[:, None]).numpy()


def keras_inputs(inputs: torch.Tensor) -> np.ndarray:
    return (inputs.permute(0, 2, 3, 1) if inputs.ndim == 4 else inputs).numpy()


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["torch", "tensorflow", "jax"])
def test_plain_keras_gives_the_same_outputs(backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    expected = {}
    for name, (model, player) in NETWORKS.items():
        network = trained(model, player)
        inputs = inputs_of(network)
        expected[name] = outputs_of(network, inputs)
        Keras().write(network, tmp_path / f"{name}.keras")
        np.save(tmp_path / f"{name}-in.npy", keras_inputs(inputs))
    done = subprocess.run(
        [sys.executable, "-c", PLAIN_KERAS, str(tmp_path), *NETWORKS],
        env=os.environ | {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == backend
    for name in NETWORKS:
        found = np.load(tmp_path / f"{name}-out.npy")
        assert found.shape == expected[name].shape
        np.testing.assert_allclose(found, expected[name], atol=1e-4, rtol=1e-5)
        assert expected[name].std() > 0.05


def test_it_comes_back_without_loss(network, tmp_path):
    file = tmp_path / "network.keras"
    Keras().write(network, file)
    back = Keras().read(file)
    assert back.player == network.player
    mine, theirs = {"latent_dim", "upsample"}, {"norm", "minibatch_std"}
    # How the weights began cannot be seen in them.
    numbers = {"initialization", *(mine if network.player == "discriminator" else theirs)}
    assert back.model.model_dump(exclude=numbers) == network.model.model_dump(exclude=numbers)
    before, after = network.module.state_dict(), back.module.state_dict()
    assert before.keys() == after.keys()
    for name in before:
        if "num_batches_tracked" not in name:  # of training, and Keras has none
            assert torch.equal(before[name], after[name]), name
    inputs = inputs_of(network)
    np.testing.assert_array_equal(outputs_of(network, inputs), outputs_of(back, inputs))


def test_spectral_norm_becomes_plain_weights(tmp_path):
    network = trained(DCGAN(**SMALL, norm="spectral"), "discriminator")
    Keras().write(network, tmp_path / "d.keras")
    back = Keras().read(tmp_path / "d.keras")
    assert back.model.norm == "none"
    inputs = inputs_of(network)
    np.testing.assert_allclose(
        outputs_of(back, inputs), outputs_of(network, inputs), atol=1e-5, rtol=1e-4
    )


def test_a_discriminator_of_packs_is_refused(tmp_path):
    network = trained(DCGAN(**SMALL, packing=2), "discriminator")
    with pytest.raises(UsageError, match="packs"):
        Keras().write(network, tmp_path / "d.keras")
    assert not list(tmp_path.iterdir())


def test_an_older_file_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    file = tmp_path / "g.keras"
    file.write_text("old")
    Keras().write(trained(DCGAN(**SMALL), "generator"), file)
    assert [path.name for path in tmp_path.iterdir()] == ["g.keras"]
    Keras().read(file)


def test_what_was_trained_in_keras_can_be_read(tmp_path):
    model = sequential(trained(DCGAN(**SMALL), "generator"))
    model.compile("adam", "mse")
    model.fit(np.zeros((4, 8)), np.zeros((4, 32, 32, 3)), verbose=0)
    model.save(tmp_path / "learner.keras")
    back = Keras().read(tmp_path / "learner.keras")
    inputs = torch.randn(3, 8)
    expected = model(inputs.numpy(), training=False).detach().cpu().numpy()
    np.testing.assert_allclose(outputs_of(back, inputs), expected, atol=1e-5)


def rewritten(file, change):
    """The file with its description changed."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    change(config)
    parts["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def other_epsilon(config):
    for layer in config["config"]["layers"]:
        if layer["class_name"] == "BatchNormalization":
            layer["config"]["epsilon"] = 1e-3


def one_layer_more(config):
    layers = config["config"]["layers"]
    layers.append(layers[-1])


def of_no_class(config):
    config["class_name"] = "Functional"


def of_no_size(config):
    config["config"]["layers"][0]["config"]["batch_shape"] = [None, 0]


@pytest.mark.parametrize("change", [other_epsilon, one_layer_more, of_no_class, of_no_size])
def test_another_network_is_refused(change, tmp_path):
    file = tmp_path / "g.keras"
    Keras().write(trained(DCGAN(**SMALL), "generator"), file)
    rewritten(file, change)
    with pytest.raises(KaoganError, match=r"no DCGAN"):
        Keras().read(file)


def other_axis(operations):
    (gather,) = (one for one in operations if one["class_name"] == "Take")
    gather["config"]["axis"] = 1


def another_constant(operations):
    (add,) = (one for one in operations if one["inbound_nodes"] and 1e-8 in inputs(one))
    add["inbound_nodes"][0]["args"][1] = 1e-2


def one_less(operations):
    del operations[-1]


def spread_in(config):
    """The operations of the minibatch standard deviation."""
    (spread,) = (one for one in config["config"]["layers"] if one["class_name"] == "Functional")
    return spread["config"]["layers"]


def inputs(operation):
    return operation["inbound_nodes"][0]["args"]


@pytest.mark.parametrize("change", [other_axis, another_constant, one_less])
def test_another_spread_of_a_group_is_refused(change, tmp_path):
    file = tmp_path / "d.keras"
    Keras().write(trained(STANDARD, "discriminator"), file)
    assert Keras().read(file).model.minibatch_std == 4
    rewritten(file, lambda config: change(spread_in(config)))
    with pytest.raises(KaoganError, match=r"no DCGAN of kaogan's: .*minibatch_std_4"):
        Keras().read(file)


def test_a_damaged_file_is_refused(tmp_path):
    file = tmp_path / "g.keras"
    Keras().write(trained(DCGAN(**SMALL), "generator"), file)
    content = file.read_bytes()
    for damaged in (b"", b"no zip", content[: len(content) // 2]):
        file.write_bytes(damaged)
        with pytest.raises(KaoganError, match="damaged"):
            Keras().read(file)
    with pytest.raises(KaoganError, match="there is no file"):
        Keras().read(tmp_path / "none.keras")
