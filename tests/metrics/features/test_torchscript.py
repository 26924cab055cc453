"""An extractor of one's own, in a TorchScript file."""

import pytest
import torch
from standins import ChannelMeans, FloatsOnly, save_script, sha256
from torch import Tensor, nn

from kaogan.errors import KaoganError, UsageError
from kaogan.metrics.features import load_extractor


@pytest.fixture
def pictures():
    return torch.randint(256, (70, 8, 8, 3), generator=torch.Generator().manual_seed(0)).byte()


def test_its_features_are_what_the_network_says(tmp_path, pictures):
    path = save_script(ChannelMeans(), tmp_path / "mine.pt")
    extractor = load_extractor(str(path))
    assert (extractor.name, extractor.dim) == ("mine.pt", 3)
    assert extractor.checksum == sha256(path)
    torch.testing.assert_close(extractor(pictures), pictures.float().mean(dim=(1, 2)))


def test_grey_pictures_come_as_colour(tmp_path, pictures):
    extractor = load_extractor(str(save_script(ChannelMeans(), tmp_path / "mine.pt")))
    features = extractor(pictures[..., :1])
    torch.testing.assert_close(features, features[:, :1].expand(-1, 3))


class Maps(nn.Module):
    def forward(self, pictures: Tensor) -> Tensor:
        return nn.functional.adaptive_avg_pool2d(pictures.float(), 2)


def test_more_axes_than_one_are_flattened(tmp_path, pictures):
    extractor = load_extractor(str(save_script(Maps(), tmp_path / "maps.pt")))
    assert extractor.dim == 12
    assert extractor(pictures).shape == (70, 12)


def test_a_network_that_takes_something_else_is_refused(tmp_path):
    path = save_script(FloatsOnly(), tmp_path / "floats.pt")
    with pytest.raises(KaoganError, match="does not map uint8 pictures"):
        load_extractor(str(path))


def test_what_is_no_torchscript_is_refused(tmp_path):
    path = tmp_path / "mine.pt"
    with pytest.raises(KaoganError, match="cannot read"):
        load_extractor(str(path))
    path.write_bytes(b"no network")
    with pytest.raises(KaoganError, match="not a TorchScript file"):
        load_extractor(str(path))
    torch.save({"weight": torch.zeros(3)}, path)  # weights without a network
    with pytest.raises(KaoganError, match="not a TorchScript file"):
        load_extractor(str(path))


def test_it_needs_no_other_weights(tmp_path):
    path = save_script(ChannelMeans(), tmp_path / "mine.pt")
    with pytest.raises(UsageError, match="holds its weights itself"):
        load_extractor(str(path), weights=path)
