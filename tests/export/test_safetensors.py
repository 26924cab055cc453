"""PyTorch weights with the model's numbers: what was written comes back."""

import pytest
import torch
from networks import inputs_of, trained

from kaogan.errors import KaoganError
from kaogan.export import Safetensors
from kaogan.models.dcgan import DCGAN

SMALL = {"size": 32, "width": 4, "latent_dim": 8}


PARTS = [
    {"norm": "batch"},
    {"norm": "spectral"},
    {"norm": "none", "initialization": "he", "minibatch_std": 4},
]


@pytest.mark.parametrize("parts", PARTS, ids=str)
def test_it_comes_back_as_it_was(player, parts, tmp_path):
    network = trained(DCGAN(**SMALL, **parts, packing=2), player)
    Safetensors().write(network, tmp_path / "n.safetensors")
    back = Safetensors().read(tmp_path / "n.safetensors")
    assert (back.model, back.player) == (network.model, network.player)
    Safetensors().write(back, tmp_path / "again.safetensors")
    files = [tmp_path / name for name in ("n.safetensors", "again.safetensors")]
    assert files[0].read_bytes() == files[1].read_bytes()
    inputs = inputs_of(network)
    assert torch.equal(back.module(inputs), network.module(inputs))


def test_other_files_are_refused(tmp_path):
    file = tmp_path / "n.safetensors"
    Safetensors().write(trained(DCGAN(**SMALL), "generator"), file)
    for damaged in (b"", b"nothing", file.read_bytes()[:-8]):
        file.write_bytes(damaged)
        with pytest.raises(KaoganError, match="damaged"):
            Safetensors().read(file)
    with pytest.raises(KaoganError, match="there is no file"):
        Safetensors().read(tmp_path / "none.safetensors")
