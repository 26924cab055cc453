import sys

import pytest
from helpers import make_folder, png

from kaogan.data.fetch import fetch, kaggle_sets
from kaogan.errors import KaoganError, UsageError


class FakeHub:
    """Stands in for kagglehub: gives a folder, or fails."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    def dataset_download(self, handle):
        self.asked.append(handle)
        if isinstance(self.answer, Exception):
            raise self.answer
        return str(self.answer)


@pytest.fixture
def hub(monkeypatch):
    def install(answer):
        fake = FakeHub(answer)
        monkeypatch.setitem(sys.modules, "kagglehub", fake)
        return fake

    return install


def test_what_is_downloaded_is_prepared(hub, tmp_path):
    files = {f"images/{i}.png": png(i) for i in range(5)}
    fake = hub(make_folder(tmp_path / "cache", files))
    data = fetch("anime-faces", tmp_path / "d", workers=1, progress=False)
    assert fake.asked == ["splcher/animefacedataset"]
    assert len(data) + len(data.held_out) == 5


@pytest.mark.parametrize(
    "error", [ConnectionError("no route\nto host"), OSError(), ValueError("credentials missing")]
)
def test_without_network_it_says_what_to_do(hub, tmp_path, error):
    hub(error)
    with pytest.raises(KaoganError) as caught:
        fetch("anime-faces", tmp_path / "d", size=128)
    message = str(caught.value)
    assert "https://www.kaggle.com/datasets/splcher/animefacedataset" in message
    assert f"kaogan data prepare archive.zip --out {tmp_path / 'd'} --size 128" in message
    assert "\n" not in message
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_it_names_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(KaoganError, match=r'pip install "kaogan\[kaggle\]"'):
        fetch("anime-faces", tmp_path / "d")


def test_an_unknown_name(tmp_path):
    with pytest.raises(UsageError, match="did you mean 'anime-faces'"):
        fetch("anime-face", tmp_path / "d")
    assert "anime-faces" in kaggle_sets


def test_an_existing_folder_is_refused_before_the_download(hub, tmp_path):
    fake = hub(tmp_path)
    with pytest.raises(KaoganError, match="exists already"):
        fetch("anime-faces", tmp_path)
    assert fake.asked == []
