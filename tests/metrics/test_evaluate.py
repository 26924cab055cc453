"""Reports: equal counts, floors, reasons; and the quick figures for training."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from kaogan.data.avatars import draw_avatars
from kaogan.errors import KaoganError, UsageError
from kaogan.metrics import clouds
from kaogan.metrics.clouds import PictureSource, gather
from kaogan.metrics.comparisons import metrics
from kaogan.metrics.evaluate import common_count, evaluate
from kaogan.metrics.features import load_extractor
from kaogan.metrics.quick import Reference, quick
from kaogan.metrics.report import EvaluationReport
from kaogan.progress import Silent

ABOUT = {"what": "noise", "seed": 3}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """About 1,080 training pictures of 32 x 32, and 120 held out."""
    folder = tmp_path_factory.mktemp("data") / "avatars"
    return draw_avatars(folder, count=1200, size=32, workers=1)


@pytest.fixture(scope="module")
def extractor():
    return load_extractor()


@pytest.fixture(scope="module")
def new(tmp_path_factory):
    """Other avatars: what a perfect generator would draw."""
    folder = tmp_path_factory.mktemp("new") / "avatars"
    return draw_avatars(folder, count=240, size=32, seed=9, workers=1).train


@pytest.fixture(scope="module")
def report(dataset, extractor, new, tmp_path_factory):
    picture = tmp_path_factory.mktemp("report") / "nearest.png"
    return evaluate(PictureSource.shuffled(new, 0), ABOUT, dataset, extractor, picture=picture)


def test_every_metric_is_there_with_its_floor(report, dataset):
    assert {figure.metric for figure in report.figures} == set(metrics)
    assert not report.left_out
    assert report.count == len(dataset.held_out) < 200
    for figure in report.figures:
        assert set(figure.against) == {"train", "held-out"}
        assert figure.floor is not None
        assert figure.count == report.count


def test_a_perfect_generator_is_at_the_floor(report):
    for figure in report.figures:
        for split in report.splits:
            got, floor = figure.against[split].value, figure.floor.value
            if figure.better == "lower":
                assert got < 2 * abs(floor) + 0.1, figure.label
            else:
                assert got > 0.75 * floor, figure.label


def test_no_other_features_make_an_fid(report, dataset, new):
    assert not any("FID" in figure.label for figure in report.figures)
    assert any("no figure is an FID" in line for line in report.lines())
    made_with_inception = evaluate(
        PictureSource.shuffled(new, 0), ABOUT, dataset, as_if_inception(), ("train",)
    )
    assert made_with_inception.figures[0].label == "FID"
    assert not any("no figure is an FID" in line for line in made_with_inception.lines())


def as_if_inception():
    """An extractor that says it is Inception: for the wording."""
    from dataclasses import replace

    return replace(load_extractor(), name="inception")


def test_it_says_what_the_figures_depend_on(report, dataset, extractor):
    text = "\n".join(report.lines())
    for part in (
        "noise, seed 3",
        str(dataset.path),
        dataset.fingerprint[:12],
        extractor.checksum[:12],
        extractor.resize,
        f"kaogan {report.kaogan}",
        f"{report.count} of each, chosen with seed 0",
    ):
        assert part in text
    assert "there are no more held-out pictures" in text


def test_it_goes_through_json_and_is_frozen(report):
    again = EvaluationReport.model_validate_json(report.model_dump_json())
    assert again == report
    assert json.loads(report.model_dump_json())["subject"]["what"] == "noise"
    with pytest.raises(ValueError, match="frozen"):
        again.count = 7


def test_the_same_call_gives_the_same_figures(dataset, extractor, new):
    one, other = (
        evaluate(PictureSource.shuffled(new, 0), ABOUT, dataset, extractor, count=60, seed=seed)
        for seed in (0, 0)
    )
    assert one == other
    moved = evaluate(PictureSource.shuffled(new, 0), ABOUT, dataset, extractor, count=60, seed=1)
    assert moved.figures != one.figures


# Counts


def test_counts_are_those_of_the_smallest_side(dataset):
    held_out = len(dataset.held_out)
    assert common_count(dataset, ("train", "held-out"), None, None)[0] == held_out
    assert common_count(dataset, ("train",), None, None)[0] == len(dataset.train)
    assert common_count(dataset, ("train",), 100, None) == (100, [])
    count, (note,) = common_count(dataset, ("train", "held-out"), 500, None)
    assert (count, note) == (
        held_out,
        f"{held_out} pictures of each, not 500: there are no more held-out pictures",
    )
    count, (note,) = common_count(dataset, ("train",), 500, 40)
    assert count == 40
    assert "pictures to evaluate" in note


def test_a_count_that_is_none_is_refused(dataset):
    with pytest.raises(UsageError):
        common_count(dataset, ("train",), 1, None)
    with pytest.raises(KaoganError, match="only 1 pictures to evaluate"):
        common_count(dataset, ("train",), None, 1)


def test_without_enough_held_out_pictures_there_is_no_floor(dataset, extractor, new):
    report = evaluate(
        PictureSource.shuffled(new, 0), ABOUT, dataset, extractor, ("train",), count=180
    )
    assert report.count == 180
    assert all(figure.floor is None for figure in report.figures)
    assert any(note.startswith("no floor") for note in report.notes)


def test_what_needs_more_pictures_is_left_out_with_the_reason(dataset, extractor, new):
    report = evaluate(PictureSource.shuffled(new, 0), ABOUT, dataset, extractor, count=60)
    reasons = {left.metric: left.reason for left in report.left_out}
    assert set(reasons) == {"precision-recall", "density-coverage", "copies"}
    assert reasons["density-coverage"] == "needs 100 pictures, there are 60"
    assert report.copies is None
    assert "left out: density-coverage: needs 100" in "\n".join(report.lines())


def test_pictures_of_another_shape_are_refused(dataset, extractor):
    large = np.zeros((50, 64, 64, 3), np.uint8)
    with pytest.raises(UsageError, match="--size 64"):
        evaluate(PictureSource.shuffled(large, 0), ABOUT, dataset, extractor)


# Copies


def test_new_pictures_are_no_copies(report):
    assert max(report.copies.pixels, report.copies.features) < 0.06
    assert report.copies.quantile == 0.01


def test_copies_are_found_by_their_share(dataset, extractor, new):
    rates = []
    for share in (0.25, 0.75):
        copied = int(share * 120)
        mixed = np.concatenate([dataset.train[:copied], new[: 120 - copied]])
        report = evaluate(PictureSource.shuffled(mixed, 0), ABOUT, dataset, extractor, ("train",))
        rates.append(report.copies)
    for rate, share in zip(rates, (0.25, 0.75), strict=True):
        assert rate.pixels == pytest.approx(share, abs=0.06)
        assert rate.features == pytest.approx(share, abs=0.06)


def test_a_copy_that_was_changed_a_little_is_found(dataset, extractor):
    rng = np.random.default_rng(0)
    noise = rng.integers(-4, 5, (120, 32, 32, 3))
    nearly = np.clip(dataset.train[:120] + noise, 0, 255).astype(np.uint8)
    report = evaluate(PictureSource.shuffled(nearly, 0), ABOUT, dataset, extractor, ("train",))
    assert report.copies.pixels > 0.9
    assert report.copies.features > 0.9


def test_the_picture_shows_copies_above_their_originals(dataset, extractor, new, tmp_path):
    mixed = np.concatenate([new[:112], dataset.train[:8]])
    pictures = PictureSource(lambda start, count: mixed[start : start + count], len(mixed))
    out = tmp_path / "nearest.png"
    report = evaluate(pictures, ABOUT, dataset, extractor, ("train",), picture=out)
    assert report.copies.picture == str(out)
    sheet = np.asarray(Image.open(out))
    step = 32 + 2
    assert sheet.shape == (2 * (3 * step + 2), 8 * step + 2, 3)
    rows = [sheet[top : top + 32] for top in (2, 106, 140, 174)]
    assert (rows[0][:, 2:34] == mixed[0]).all()  # as they come
    for neighbours in rows[2:]:  # below the most suspicious ones: the same again
        assert (neighbours == rows[1]).all()


# Clouds


def test_positions_are_shuffled_and_stay():
    numbers = np.arange(1000, dtype=np.uint16).view(np.uint8).reshape(1000, 1, 2, 1)
    pictures = PictureSource.shuffled(numbers, 5)
    drawn = pictures.draw(0, 1000)
    assert sorted(drawn.tobytes()[i : i + 2] for i in range(0, 2000, 2)) == sorted(
        numbers.tobytes()[i : i + 2] for i in range(0, 2000, 2)
    )
    assert (drawn != numbers).any()
    np.testing.assert_array_equal(drawn[100:130], PictureSource.shuffled(numbers, 5).draw(100, 30))
    assert (drawn != PictureSource.shuffled(numbers, 6).draw(0, 1000)).any()


def test_only_so_much_is_kept(dataset, extractor, monkeypatch):
    monkeypatch.setattr(clouds, "KEPT_FEATURES", 150)
    monkeypatch.setattr(clouds, "KEPT_PICTURES", 50)
    pictures = PictureSource.shuffled(dataset.train, 0)
    everything = extractor(torch.from_numpy(pictures.draw(0, 300)))
    cloud = gather(pictures, 300, extractor, Silent())
    assert (cloud.count, cloud.moments.count) == (300, 300)
    assert len(cloud.features) == len(cloud.thumbnails) == 150
    assert len(cloud.pictures) == 50
    torch.testing.assert_close(cloud.moments.mean, everything.double().mean(0))
    torch.testing.assert_close(cloud.features, everything[:150], atol=1e-4, rtol=0)
    searched = gather(pictures, 100, extractor, Silent(), search=300)
    assert (searched.moments.count, len(searched.features)) == (100, 300)
    assert len(searched.pictures) == 50


# Quick figures


def test_quick_figures_tell_good_from_bad(dataset, extractor, new):
    reference = Reference.of(dataset.held_out, extractor)
    assert len(reference) == len(dataset.held_out)
    good = torch.from_numpy(new[: len(reference)].copy())
    collapsed = good[:1].expand(len(reference), -1, -1, -1)
    best, worst = quick(reference, good), quick(reference, collapsed)
    assert set(best) == {"fd", "kid", "recall", "density", "coverage"}
    assert best["fd"] < 0.25 * worst["fd"]
    assert best["recall"] > 0.5 > 0.1 > worst["recall"]
    assert best["kid"] < 0.05 < worst["kid"]
    assert best["coverage"] > 0.8 > 0.1 > worst["coverage"]


def test_quick_figures_compare_equal_counts(dataset, extractor, new):
    reference = Reference.of(dataset.train, extractor, count=50)
    assert len(reference) == 50
    pictures = torch.from_numpy(new[:80].copy())
    assert quick(reference, pictures) == quick(reference, pictures[:50])
