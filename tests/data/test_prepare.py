import hashlib
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers import encode, make_folder, make_tar, make_zip, picture, png, prepared, reasons
from PIL import Image

from kaogan.data.dataset import open_dataset
from kaogan.data.decode import FILTER
from kaogan.data.prepare import prepare
from kaogan.errors import KaoganError, UsageError

FILES = {f"{i}.png": png(i) for i in range(40)}


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("faces"), FILES)


def test_everything_gets_in_with_its_row(folder, tmp_path):
    data = prepared(folder, tmp_path / "d")
    assert len(data) + len(data.held_out) == 40
    everything = np.concatenate([data.train, data.held_out])
    for row, pixels in zip(data.manifest(), everything, strict=True):
        assert row["original_size"] == [64, 64]
        assert row["sha256"] == hashlib.sha256(pixels.tobytes()).hexdigest()
        name = row["source"].removeprefix(f"{folder.name}/")
        np.testing.assert_array_equal(pixels, np.asarray(picture(int(name.removesuffix(".png")))))
    assert data.summary["filter"] == FILTER
    assert data.summary["sources"] == [folder.name]


def test_every_kind_of_source_gives_the_same_pictures(folder, tmp_path):
    images = [np.asarray(picture(i)) for i in range(40)]
    np.save(tmp_path / "f.npy", np.stack(images))
    np.savez_compressed(tmp_path / "f.npz", faces=np.stack(images))
    rows = [{"bytes": content, "path": name} for name, content in FILES.items()]
    pq.write_table(pa.table({"image": rows}), tmp_path / "f.parquet")
    sources = [
        folder,
        make_zip(tmp_path / "f.zip", FILES),
        make_tar(tmp_path / "f.tar.gz", FILES, "w:gz"),
        tmp_path / "f.npy",
        tmp_path / "f.npz",
        tmp_path / "f.parquet",
    ]
    prints = {prepared(s, tmp_path / f"d{i}").fingerprint for i, s in enumerate(sources)}
    assert len(prints) == 1


@pytest.mark.parametrize("workers", [2, 3])
def test_the_number_of_workers_does_not_show(tmp_path, workers):
    files = {f"{i}.png": png(i % 250) for i in range(300)}
    files |= {"broken.png": b"\x89PNG\r\n\x1a\n", "empty.png": b"", "text.txt": b"hello"}
    source = make_zip(tmp_path / "f.zip", files)
    prepare([source], tmp_path / "one", workers=1, progress=False)
    prepare([source], tmp_path / "many", workers=workers, progress=False)
    assert contents(tmp_path / "one") == contents(tmp_path / "many")


def test_several_sources_at_once(folder, tmp_path):
    more = make_zip(tmp_path / "more.zip", {"x.png": png(100), "again.png": FILES["3.png"]})
    data = prepare([folder, more], tmp_path / "d", workers=1, progress=False)
    assert len(data) + len(data.held_out) == 41
    assert list(data.rejected()) == [
        {
            "source": "more.zip/again.png",
            "reason": "duplicate",
            "repeats": f"{folder.name}/3.png",
        }
    ]


def test_rejects_are_listed_and_the_run_goes_on(tmp_path):
    files = {
        "good.png": png(1),
        "again.bmp": encode(picture(1), "BMP"),
        "nearly.jpg": encode(picture(1), "JPEG", quality=85),
        "text.png": b"hello",
        "torn.png": png(2)[:300],
        "empty.png": b"",
        "small.png": png(3, size=31),
        "large.png": png(4, size=400),
        "flat.png": encode(Image.new("RGB", (64, 64), "red")),
        "notes.csv": b"a,b\n1,2\n",
        ".hidden": b"?",
    }
    data = prepared(make_folder(tmp_path / "in", files), tmp_path / "d", max_pixels=10_000)
    assert len(data) == 1
    assert reasons(data) == {
        "good.png": "duplicate",  # of again.bmp, which comes before it
        "nearly.jpg": "near duplicate",
        "text.png": "not an image",
        "notes.csv": "not an image",
        "torn.png": "truncated or damaged",
        "empty.png": "empty file",
        "small.png": "too small",
        "large.png": "too many pixels",
        "flat.png": "one flat colour",
    }


def test_duplicates_are_kept_when_asked(tmp_path):
    files = {"1.png": png(1), "2.png": png(1), "3.jpg": encode(picture(1), "JPEG", quality=85)}
    source = make_folder(tmp_path / "in", files)
    assert len(prepared(source, tmp_path / "a").train) == 1
    kept = prepared(source, tmp_path / "b", keep_duplicates=True)
    assert len(kept) + len(kept.held_out) == 3
    assert kept.summary["duplicates"] == "kept"
    splits = {row["source"][-5:]: row["split"] for row in kept.manifest()}
    assert splits["1.png"] == splits["2.png"]


@pytest.mark.parametrize("size", [32, 64, 128, 256, 512])
@pytest.mark.parametrize("channels", [1, 3])
def test_sizes_and_channels(folder, tmp_path, size, channels):
    data = prepared(folder, tmp_path / "d", size=size, channels=channels, min_size=1)
    assert data.train.shape[1:] == (size, size, channels)
    assert (data.size, data.channels) == (size, channels)


def test_the_smallest_size_is_half_of_the_size_unless_told(folder, tmp_path):
    with pytest.raises(KaoganError, match=r"no usable picture: all were rejected \(40 too small"):
        prepared(folder, tmp_path / "d", size=256)
    assert prepared(folder, tmp_path / "d", size=256, min_size=64).size == 256


def test_held_out_pictures_stay_when_data_is_added(folder, tmp_path):
    few = prepared(folder, tmp_path / "few")
    more_files = FILES | {f"{i}.png": png(i) for i in range(40, 80)}
    more = prepared(make_folder(tmp_path / "in", more_files), tmp_path / "more")

    def hashes(data, split):
        return {row["sha256"] for row in data.manifest() if row["split"] == split}

    assert hashes(few, "train") <= hashes(more, "train")


def test_usage_errors_come_before_any_work(folder, tmp_path):
    for options in ({"size": 65}, {"channels": 2}, {"fit": "x"}, {"background": "x"}):
        with pytest.raises(UsageError):
            prepared(folder, tmp_path / "d", **options)
    with pytest.raises(UsageError, match="there is no source"):
        prepare([], tmp_path / "d")
    with pytest.raises(UsageError, match="workers is 0"):
        prepare([folder], tmp_path / "d", workers=0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["f.zip", "f.tar", "f.tar.zst", "f.parquet", "f.npy", "f.npz"])
def test_a_broken_source_leaves_nothing_behind(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x28\xb5\x2f\xfd broken")
    with pytest.raises(KaoganError) as caught:
        prepared(tmp_path / name, tmp_path / "d")
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_an_existing_folder_is_refused_before_any_work(folder, tmp_path):
    with pytest.raises(KaoganError, match="exists already"):
        prepared(folder, tmp_path)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs permissions that bind")
def test_no_permission(folder, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(KaoganError, match="no permission to write"):
        prepared(folder, tmp_path / "d")


def test_a_data_set_may_lie_inside_its_source(tmp_path):
    make_folder(tmp_path, FILES)
    data = prepared(tmp_path, tmp_path / "d")
    assert len(data) + len(data.held_out) == 40
    assert data.summary["rejected"] == {}


def test_progress_lines_go_to_the_error_stream(folder, tmp_path, capsys):
    prepare([folder], tmp_path / "d", workers=1)
    out, err = capsys.readouterr()
    assert out == ""
    assert "40/40 pictures" in err


def test_workers_do_not_load_torch():
    code = "import sys, kaogan.data.prepare; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_path_may_be_text(folder, tmp_path):
    prepare([str(folder)], str(tmp_path / "d"), workers=1, progress=False)
    assert open_dataset(str(tmp_path / "d")).size == 64


def test_a_script_without_a_main_guard_is_told_so(tmp_path):
    """Its workers run it again from the top: that must neither hang nor disturb the first run."""
    source = make_zip(tmp_path / "f.zip", {f"{i}.png": png(i) for i in range(200)})
    script = tmp_path / "script.py"
    script.write_text(
        "from kaogan.data.prepare import prepare\n"
        f"prepare([{str(source)!r}], {str(tmp_path / 'd')!r}, workers=2)\n"
    )
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    # Python's own tracker may add a line about the workers that died, or not.
    said = [line for line in run.stderr.splitlines() if "resource_tracker" not in line]
    assert 'if __name__ == "__main__"' in said[-1]
    assert not (tmp_path / "d").exists()
