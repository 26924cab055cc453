"""The hub: what is fetched, and what is said if it cannot be."""

import sys

import pytest

from hub_standin import name_of
from kaogan import hub as kaogan_hub
from kaogan import zoo
from kaogan.errors import KaoganError, UsageError
from kaogan.generators import open_generator, open_network
from kaogan.hub import check_account, check_name, fetch, upload

REPO = "user/faces"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two generators, as they are published, and one file that nobody asks for."""
    from kaogan.export import Safetensors

    folder = tmp_path_factory.mktemp("published")
    contents = []
    for name in ("avatars-64", "faces-64"):
        Safetensors().write(open_network(name), folder / f"{name}.safetensors")
        directions = (zoo.FOLDER / name / "directions.json").read_bytes()
        contents.append(
            {
                "generator.safetensors": (folder / f"{name}.safetensors").read_bytes(),
                "directions.json": directions,
                "generator.pt": b"a pickle that nobody should open",
            }
        )
    return contents


def test_a_generator_is_fetched_with_what_belongs_to_it(hub, files):
    hub.repos[REPO] = [{}, files[0]]
    found = open_generator(f"hf:{REPO}")
    assert (found.kind, found.name, found.recipe, found.run) == ("hub", "faces", None, None)
    assert (found.sample(2) == open_generator("avatars-64").sample(2)).all()
    assert (found.home / "directions.json").read_bytes() == files[0]["directions.json"]
    asked = {request.rpartition("/")[2] for request in hub.requests if "/resolve/" in request}
    assert asked == {"generator.safetensors", "directions.json"}
    with pytest.raises(UsageError, match="--weights is for a RUN"):
        open_generator(f"hf:{REPO}", weights="raw")


def test_a_revision_may_be_named(hub, files):
    hub.repos[REPO] = [files[0], files[1]]
    old, new = (open_generator(f"hf:{REPO}{end}") for end in (f"@{name_of(0)}", ""))
    assert (old.sample(1) == open_generator("avatars-64").sample(1)).all()
    assert (new.sample(1) == open_generator("faces-64").sample(1)).all()


def test_what_was_fetched_opens_without_the_hub(hub, files, monkeypatch, capsys):
    hub.repos[REPO] = [files[0]]
    folder = fetch(f"hf:{REPO}")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    assert fetch(f"hf:{REPO}") == folder
    assert "note: the hub cannot be reached" in capsys.readouterr().err
    with pytest.raises(KaoganError, match=r"hf:user/other: the hub cannot be reached .*network"):
        fetch("hf:user/other")


def test_why_nothing_is_fetched_is_one_line(hub, files):
    hub.repos["user/empty"] = [{"README.md": b""}]
    hub.repos["user/broken"] = [{"generator.safetensors": b"\x80\x04 a pickle"}]
    for what, why in (
        ("hf:user/nobody", "there is no such repository, or it is private"),
        ("hf:user/empty@no-branch", "there is no such revision"),
        ("hf:user/empty", "holds no generator.safetensors; kaogan publish writes one"),
        ("hf:user/broken", "holds no network of kaogan's, or is damaged"),
    ):
        with pytest.raises(KaoganError, match=why) as caught:
            open_generator(what)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["", "faces", "a/b/c", "/faces", "user/", "../x", "user/a b", "é/x"]
)
def test_names_that_no_repository_has(name):
    with pytest.raises(UsageError, match="give USER/NAME"):
        check_name(name)
    with pytest.raises(UsageError, match="give USER/NAME"):
        open_generator(f"hf:{name}")


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(KaoganError, match=r"pip install 'kaogan\[hub\]'"):
        fetch(f"hf:{REPO}")


def test_a_folder_is_uploaded_as_one_commit(hub, tmp_path):
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "in" / "sub" / "a.txt").write_bytes(b"a")
    (tmp_path / "in" / "README.md").write_bytes(b"---\nlicense: mit\n---\n")
    for kind, path in (("model", REPO), ("space", f"spaces/{REPO}")):
        for _ in range(2):  # the second time, the repository is there
            assert upload(tmp_path / "in", REPO, kind, private=True).endswith(path)
        assert hub.files(path)["sub/a.txt"] == b"a"
        assert len(hub.repos[path]) == 3
        assert hub.about[path].get("private") or hub.about[path].get("visibility") == "private"
    assert hub.about[f"spaces/{REPO}"]["sdk"] == "static"


def test_who_is_not_logged_in_is_told_so(hub, tmp_path, monkeypatch):
    assert check_account() == "user"
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(KaoganError, match="refuses the token; run hf auth login"):
        check_account()
    with pytest.raises(KaoganError, match="refuses the token"):
        upload(tmp_path, REPO, "model")
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(KaoganError, match="you are not logged in; run hf auth login"):
        check_account()


def test_the_prefix_alone_says_that_it_is_on_the_hub():
    assert kaogan_hub.is_hub_name("hf:user/faces")
    assert not kaogan_hub.is_hub_name("runs/hf")
