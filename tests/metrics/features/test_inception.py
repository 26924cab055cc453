"""Inception's weights: found, checked, downloaded; with stand-ins, for the real ones are large.

Only what is known by its checksum may be called Inception.
"""

import sys

import pytest
import torch
from standins import ChannelMeans, accept, save_script, sha256

from kaogan.errors import KaoganError
from kaogan.metrics.features import inception, load_extractor
from kaogan.metrics.features.weights import WeightsFile, usual_places

NAME = "inception-2015-12-05.pt"


@pytest.fixture
def pictures():
    return torch.randint(256, (3, 16, 16, 3), generator=torch.Generator().manual_seed(0)).byte()


def test_a_file_that_is_named(tmp_path, monkeypatch, pictures):
    path = save_script(ChannelMeans(), tmp_path / "any-name.pt")
    accept(monkeypatch, "SCRIPT", path)
    extractor = load_extractor("inception", weights=path)
    assert (extractor.name, extractor.dim) == ("inception", 3)
    assert extractor.checksum == sha256(path)
    torch.testing.assert_close(extractor(pictures), pictures.float().mean(dim=(1, 2)))


def test_a_file_named_in_the_environment(tmp_path, monkeypatch):
    path = save_script(ChannelMeans(), tmp_path / "any-name.pt")
    accept(monkeypatch, "SCRIPT", path)
    monkeypatch.setenv("KAOGAN_INCEPTION", str(path))
    assert load_extractor("inception").checksum == sha256(path)


@pytest.mark.parametrize(
    "place",
    [
        f"kaogan_cache/features/{NAME}",
        f"torch_home/hub/checkpoints/{NAME}",
        f"tmpdir/{NAME}",
        f"dnnlib_cache_dir/downloads/a866f8d678872dcf6fcf60ddd09807ab_{NAME}",
    ],
)
def test_the_caches_of_other_programs(empty_machine, monkeypatch, place):
    path = save_script(ChannelMeans(), empty_machine / place)
    accept(monkeypatch, "SCRIPT", path)
    assert load_extractor("inception").checksum == sha256(path)


def test_another_network_is_not_called_inception(tmp_path):
    path = save_script(ChannelMeans(), tmp_path / NAME)
    with pytest.raises(KaoganError, match="is damaged or not the Inception network") as refusal:
        load_extractor("inception", weights=path)
    assert sha256(path)[:12] in str(refusal.value)


def test_a_damaged_file_in_a_cache_is_named(empty_machine):
    path = empty_machine / "tmpdir" / NAME
    path.write_bytes(b"half of it")
    with pytest.raises(KaoganError, match="damaged"):
        load_extractor("inception")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(KaoganError, match="cannot read"):
        load_extractor("inception", weights=tmp_path / "nothing.pt")


def test_without_network_it_says_which_file_to_put_where(monkeypatch):
    offline = WeightsFile(NAME, inception.SCRIPT.sha256, "file:///nowhere/inception.pt")
    monkeypatch.setattr(inception, "SCRIPT", offline)
    with pytest.raises(KaoganError) as complaint:
        load_extractor("inception")
    text = str(complaint.value)
    assert "\n" not in text
    for part in (NAME, str(usual_places()[0]), "--features-weights", "--features random"):
        assert part in text


def test_it_is_downloaded_once_and_kept(tmp_path, monkeypatch):
    served = save_script(ChannelMeans(), tmp_path / "server" / NAME)
    monkeypatch.setattr(inception, "SCRIPT", WeightsFile(NAME, sha256(served), served.as_uri()))
    assert load_extractor("inception").checksum == sha256(served)
    served.unlink()
    assert load_extractor("inception").checksum == sha256(usual_places()[0] / NAME)


def test_a_download_of_something_else_is_thrown_away(tmp_path, monkeypatch):
    served = save_script(ChannelMeans(), tmp_path / "server" / NAME)
    monkeypatch.setattr(inception, "SCRIPT", WeightsFile(NAME, "0" * 64, served.as_uri()))
    with pytest.raises(KaoganError, match="could not be downloaded"):
        load_extractor("inception")
    assert not any(usual_places()[0].iterdir())


def test_weights_of_torch_fidelity_need_torch_fidelity(tmp_path, monkeypatch):
    path = tmp_path / "weights.pth"
    torch.save({"weight": torch.zeros(3)}, path)
    accept(monkeypatch, "STATE", path)
    monkeypatch.setitem(sys.modules, "torch_fidelity.feature_extractor_inceptionv3", None)
    with pytest.raises(KaoganError, match=r"pip install 'kaogan\[fid\]'"):
        load_extractor("inception", weights=path)


def test_weights_of_torch_fidelity_are_used_as_it_does(tmp_path, monkeypatch, pictures):
    reference = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")

    class Untrained(reference.FeatureExtractorInceptionV3):
        def load_state_dict(self, state):
            """Keep the weights of its initialisation."""

    nothing = tmp_path / "nothing.pth"
    torch.save({}, nothing)
    torch.manual_seed(0)
    network = Untrained("inception", ["2048"], str(nothing))
    path = tmp_path / "weights.pth"
    torch.save(network.state_dict(), path)
    accept(monkeypatch, "STATE", path)
    extractor = load_extractor("inception", weights=path)
    assert (extractor.name, extractor.dim) == ("inception", 2048)
    (expected,) = network(pictures.permute(0, 3, 1, 2))
    torch.testing.assert_close(extractor(pictures), expected)


def test_nothing_is_unpickled(tmp_path, monkeypatch):
    pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")
    path = tmp_path / "weights.pth"
    torch.save({"weight": Trap()}, path)
    accept(monkeypatch, "STATE", path)  # even if its checksum were right
    with pytest.raises(KaoganError, match="damaged"):
        load_extractor("inception", weights=path)
    assert not Trap.sprung


class Trap:
    """A pickle may name any function to call when it is read."""

    sprung = False

    def __reduce__(self):
        return spring, ()


def spring() -> None:
    Trap.sprung = True
