"""Labels from what lies beside the pictures: folders and tags."""

import numpy as np
import pytest
from helpers import make_folder, make_zip, png, prepared

from kaogan.data import label_sources
from kaogan.data.label_sources import folder_labels, tag_labels
from kaogan.data.prepare import prepare
from kaogan.errors import KaoganError

FILES = {"Long Hair/1.png": png(1), "Long Hair/x/2.png": png(2), "short/3.png": png(3)}
TAGS = {
    "a/0.txt": b"1girl, long hair, smile, :d",
    "a/1.txt": b"1girl\nsmile\nblue_eyes\n",
    "2.png.txt": b"1girl long_hair blue_eyes",
    "3.txt": b"\xef\xbb\xbf1girl",
    "lonely.txt": b"unseen",
}
PICTURES = {"a/0.png": png(0), "a/1.png": png(1), "2.png": png(2), "3.png": png(3)}


def said_of(data, labels):
    """The labels of each picture, by the last part of its name."""
    return {
        row["source"].rpartition("/")[2]: {
            attribute.name: attribute.value(float(code))
            for attribute, code in zip(labels.attributes, codes, strict=True)
        }
        for row, codes in zip(data.manifest(), labels.codes, strict=True)
    }


class TestFolders:
    def test_sub_folders_are_classes(self, tmp_path):
        data = prepared(make_folder(tmp_path / "in", FILES | {"4.png": png(4)}), tmp_path / "d")
        labels = folder_labels(data)
        assert labels.attributes[0].values == ("long-hair", "short")
        assert {name: said["class"] for name, said in said_of(data, labels).items()} == {
            "1.png": "long-hair", "2.png": "long-hair", "3.png": "short", "4.png": "unknown"
        }  # fmt: skip

    def test_folders_that_all_pictures_share_do_not_count(self, tmp_path):
        files = {f"all/of/{name}": content for name, content in FILES.items()}
        data = prepared(make_zip(tmp_path / "in.zip", files), tmp_path / "d")
        assert folder_labels(data).attributes[0].values == ("long-hair", "short")

    def test_several_sources_are_classes_themselves(self, tmp_path):
        cats = make_folder(tmp_path / "cats", {"1.png": png(1)})
        dogs = make_folder(tmp_path / "dogs", {"1.png": png(2)})
        data = prepare([cats, dogs], tmp_path / "d", workers=1, progress=False)
        assert folder_labels(data).attributes[0].values == ("cats", "dogs")

    def test_one_folder_is_no_class(self, tmp_path):
        files = {f"{number}.png": png(number) for number in range(3)}
        data = prepared(make_folder(tmp_path / "in", files), tmp_path / "d")
        with pytest.raises(KaoganError, match="come from no sub-folders; labels need 2 to 200"):
            folder_labels(data)


class TestTags:
    @pytest.fixture
    def folder(self, tmp_path):
        return make_folder(tmp_path / "in", PICTURES | TAGS)

    @pytest.fixture
    def data(self, folder, tmp_path):
        return prepared(folder, tmp_path / "d")

    def test_the_usual_tags_are_kept(self, folder, data, capsys):
        found = said_of(data, tag_labels(data, folder))
        assert set(found["0.png"]) == {"long-hair", "smile", "blue-eyes", ":d"}
        assert found["0.png"] == {
            "long-hair": "yes",
            "smile": "yes",
            "blue-eyes": "no",
            ":d": "yes",
        }
        assert found["2.png"]["long-hair"] == "yes"
        assert set(found["3.png"].values()) == {"no"}
        assert "4 tags are kept, the most frequent ones of 1% to 99%" in capsys.readouterr().err

    def test_tags_can_be_chosen(self, folder, data):
        labels = tag_labels(data, folder, ["hat", "smile", "blue-eyes", "smile"])
        assert said_of(data, labels)["0.png"] == {"smile": "yes", "blue-eyes": "no"}
        assert "long-hair" in labels.left_out

    def test_the_folder_above_works_too(self, folder, data):
        found = said_of(data, tag_labels(data, folder.parent, ["smile"]))
        assert [found[f"{number}.png"]["smile"] for number in range(4)] == [
            "yes",
            "yes",
            "no",
            "no",
        ]

    def test_a_picture_without_tags_is_unknown(self, folder, data, capsys):
        (folder / "3.txt").unlink()
        assert said_of(data, tag_labels(data, folder, ["smile"]))["3.png"] == {"smile": "unknown"}
        assert "1 of 4 pictures have no file of tags" in capsys.readouterr().err

    def test_no_tags_at_all(self, data, tmp_path):
        (tmp_path / "empty").mkdir()
        with pytest.raises(KaoganError, match="has no files of tags"):
            tag_labels(data, tmp_path / "empty")
        with pytest.raises(KaoganError, match="is no folder"):
            tag_labels(data, tmp_path / "nothing")

    @pytest.mark.parametrize("content", [b"\xff\xfe\xff", b"x" * 70_000])
    def test_what_is_no_list_of_tags(self, folder, data, content):
        (folder / "3.txt").write_bytes(content)
        with pytest.raises(KaoganError, match=r"3.txt is no list of tags .*; correct or remove it"):
            tag_labels(data, folder)

    def test_a_manifest_does_not_lead_out_of_the_folder(self, folder, data, monkeypatch):
        """A data set may come from a stranger."""
        (folder.parent / "secret.txt").write_text("smile")
        rows = [
            {"source": source}
            for source in ("in/../secret.png", "/x.png", "..", "x" * 900, "in/3.png")
        ]
        monkeypatch.setattr(type(data), "manifest", lambda _: iter(rows))
        found = list(label_sources._tags(data, folder))
        assert found == [None, None, None, None, {"1girl"}]

    def test_unknown_and_no_are_different(self, folder, data):
        labels = tag_labels(data, folder, ["smile"])
        assert labels.codes.dtype == np.float32
        assert sorted(labels.codes[:, 0].tolist()) == [0, 0, 1, 1]
