"""DINOv2 through transformers; with a small network of the same make, and without the library."""

import sys

import pytest
import torch
from safetensors.torch import save_file

from kaogan.errors import KaoganError
from kaogan.metrics.features import dinov2, load_extractor

SMALL = {
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "patch_size": 14,
    "image_size": 28,
}


def test_without_the_library_it_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(KaoganError, match=r"pip install 'kaogan\[dinov2\]'"):
        load_extractor("dinov2")


@pytest.fixture
def transformers(monkeypatch):
    monkeypatch.setattr(dinov2, "LARGE", SMALL)
    return pytest.importorskip("transformers")


def test_features_are_the_class_token(transformers, tmp_path):
    torch.manual_seed(0)
    network = transformers.Dinov2Model(transformers.Dinov2Config(**SMALL)).eval()
    path = tmp_path / "model.safetensors"
    save_file(network.state_dict(), path)
    extractor = load_extractor("dinov2", weights=path)
    assert extractor.dim == 8
    pictures = torch.randint(256, (2, 224, 224, 3)).byte()  # so that nothing is resized
    mean, deviation = (torch.tensor(v) for v in (dinov2.MEAN, dinov2.DEVIATION))
    scaled = ((pictures / 255 - mean) / deviation).permute(0, 3, 1, 2)
    with torch.no_grad():
        expected = network(scaled).last_hidden_state[:, 0]
    torch.testing.assert_close(extractor(pictures), expected, atol=1e-4, rtol=1e-3)


def test_weights_that_do_not_fit_are_refused(transformers, tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"something": torch.zeros(2)}, path)
    with pytest.raises(KaoganError, match="or not the model"):
        load_extractor("dinov2", weights=path)
    path.write_bytes(b"half of it")
    with pytest.raises(KaoganError, match="damaged"):
        load_extractor("dinov2", weights=path)


def test_without_network_it_says_which_file_to_get(transformers, monkeypatch):
    hub = pytest.importorskip("huggingface_hub")
    monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(KaoganError, match="--features-weights model"):
        load_extractor("dinov2")
