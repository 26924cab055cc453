"""What a training leaves to look at."""

import av
import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from toys import COMPUTE, CPU, checkpoint_names, log_text, make_trainer, rows, tiny_recipe

from kaogan.data.batches import ImageBatches
from kaogan.images import grid
from kaogan.progress import Silent
from kaogan.training.background import Background
from kaogan.training.callbacks.best_effort import BestEffort
from kaogan.training.callbacks.checkpoints import Checkpoints
from kaogan.training.callbacks.curves import smooth
from kaogan.training.callbacks.intervals import every
from kaogan.training.callbacks.metrics_log import MetricsLog, TensorBoard, spacing
from kaogan.training.callbacks.samples import LATENTS_FOR_STATISTICS, Samples, faces_in_grid
from kaogan.training.callbacks.timelapse import FRAMES_PER_SECOND, HOLD_SECONDS
from kaogan.training.recipe import Budget
from kaogan.training.rows import read_rows
from kaogan.training.run_log import RunLog
from kaogan.training.sampling import Sampler, standing_statistics
from kaogan.training.tasks.images import train
from kaogan.training.trainer import Callback, StepStats

RECIPE = tiny_recipe(batch=50)


@pytest.fixture(scope="module")
def run(dataset, tmp_path_factory):
    """1,050 images in two sittings."""
    path = tmp_path_factory.mktemp("observed") / "run"
    for images in (600, 1050):
        train(RECIPE, dataset, path, Budget(images=images), CPU)
    return path


@pytest.fixture
def trainer(dataset):
    return make_trainer(RECIPE, ImageBatches(dataset.train, COMPUTE.device, 0))


def picture(path):
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image)


def test_rows_come_less_often_in_a_long_training():
    def rows(images):
        steps = range(64, images + 1, 64)
        return sum(every(spacing(after), after - 64, after) for after in steps)

    assert rows(100_000) == 99
    assert rows(1_000_000) == 1_000
    assert 1_400 <= rows(2_000_000) <= 1_450
    assert 1_900 <= rows(5_000_000) <= 1_920


def test_metrics_have_a_row_for_a_thousand_images_and_one_at_the_end(run):
    assert [row["images_seen"] for row in rows(run)] == [1000, 1050]
    for row in rows(run):
        assert list(row) == ["images_seen", "loss_d", "loss_g", "d_real", "d_fake"]
        assert 0 < row["d_fake"] < 1
        assert 0 < row["d_real"] < 1


def test_a_row_holds_the_means_over_its_steps(trainer, tmp_path):
    seen, heard = [], []

    class Memory(Callback):
        def after_step(self, trainer, stats):
            seen.append([value.item() for value in stats])

    log = MetricsLog(tmp_path / "metrics.jsonl", Silent(), [lambda _, row: heard.append(row)])
    trainer.run(Budget(images=1100), [log, Memory()])
    first, last = read_rows(tmp_path / "metrics.jsonl")
    assert heard == [first, last]
    for row, steps in ((first, seen[:20]), (last, seen[20:])):
        for name, mean in zip(StepStats._fields, np.mean(steps, axis=0), strict=True):
            assert row[name] == pytest.approx(mean, abs=2e-5)


def test_lines_cut_off_are_left_out_when_reading(tmp_path):
    file = tmp_path / "metrics.jsonl"
    assert list(read_rows(file)) == []
    file.write_text('{"images_seen": 1}\n{"images_s{"images_seen": 2}\n{"images_seen": 3}\n{"im')
    assert [row["images_seen"] for row in read_rows(file)] == [1, 3]


def test_tensorboard_can_read_the_same_numbers(run):
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    assert set(events.Tags()["scalars"]) == set(StepStats._fields)
    last = rows(run)[-1]
    for name in StepStats._fields:
        scalars = {event.step: event.value for event in events.Scalars(name)}
        assert {600, 1000, 1050} == set(scalars)  # 600: where the first sitting ended
        assert scalars[1050] == pytest.approx(last[name], abs=1e-5)


def test_two_sittings_in_one_second_keep_their_order_in_tensorboard(trainer, tmp_path):
    seconds = []
    for _ in range(2):
        board = TensorBoard(tmp_path)
        board.start(trainer)
        board.finish(trainer)
        names = {path.name for path in tmp_path.iterdir()}
        seconds.append(max(int(name.split(".")[3]) for name in names))
    assert seconds[0] < seconds[1]


def test_sample_grids_come_in_pairs_from_the_beginning_to_the_end(run):
    names = sorted(path.name for path in (run / "samples").iterdir())
    times = sorted({int(name.split("-")[0]) for name in names})
    assert names == sorted(f"{time:09d}-{kind}.png" for time in times for kind in ("ema", "raw"))
    assert (times[0], times[1], times[-1]) == (0, 500, 1050)
    shapes = {picture(run / "samples" / name).shape for name in names}
    assert shapes == {(8 * 34 + 2, 8 * 34 + 2, 3)}


def test_a_grid_shows_fixed_latents_with_both_kinds_of_weights(trainer, tmp_path):
    samples = Samples(tmp_path, Background())
    trainer.run(Budget(images=50), [samples])
    for name, network in (("raw", trainer.state.generator), ("ema", trainer.state.ema)):
        settled = standing_statistics(network, 8, LATENTS_FOR_STATISTICS)
        expected = grid(list(Sampler(settled, 8).sample(64)))
        np.testing.assert_array_equal(picture(tmp_path / f"000000050-{name}.png"), expected)
    assert not any(not module.training for module in trainer.state.generator.modules())


def test_what_was_drawn_after_the_last_checkpoint_is_drawn_again(trainer, tmp_path):
    for name in ("000000050-ema.png", "000000100-ema.png", "mine.png"):
        (tmp_path / name).write_bytes(b"")
    trainer.state.images_seen = 50
    Samples(tmp_path, Background()).start(trainer)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000000050-ema.png", "mine.png"]


@pytest.mark.parametrize(("size", "faces"), [(32, 64), (64, 64), (128, 16), (256, 16)])
def test_grids_stay_within_a_screen(size, faces):
    assert faces_in_grid(size) == faces


def test_faces_and_real_beside_generated(run, dataset):
    faces = picture(run / "faces.png")
    np.testing.assert_array_equal(faces, picture(run / "samples" / "000001050-ema.png"))
    both = picture(run / "real-and-generated.png")
    np.testing.assert_array_equal(both[: faces.shape[0], -faces.shape[1] :], faces)
    np.testing.assert_array_equal(both[2:34, 2:34], dataset.train[0])


def test_curves_are_a_picture(run):
    assert picture(run / "curves.png").shape[:2] == (720, 960)  # not evaluated: two panels


def test_the_timelapse_is_a_film_that_plays(run):
    frames = len(list((run / "samples").glob("*-ema.png")))
    with av.open(str(run / "timelapse.mp4")) as film:
        stream = film.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.average_rate == FRAMES_PER_SECOND
        pictures = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(pictures) == frames + FRAMES_PER_SECOND * HOLD_SECONDS
    assert pictures[0].shape == (274, 274, 3)
    last = picture(run / "faces.png").astype(int)
    assert np.abs(pictures[-1] - last).mean() < 6  # lossy, but this picture


def test_the_timelapse_is_an_animated_picture_as_well(run):
    with Image.open(run / "timelapse.webp") as animation:
        assert animation.format == "WEBP"
        assert animation.is_animated
        assert animation.n_frames >= 2
        assert animation.info["loop"] == 0
        assert animation.size == (274, 274)


def test_the_log_keeps_what_was_said_with_the_time(run):
    lines = log_text(run).splitlines()
    starting = "starting with 0 images seen: 37 pictures"
    assert any(starting in line for line in lines)
    assert any("going on after 600 images seen" in line for line in lines)
    assert all(line[4] == "-" and line[10] == "T" for line in lines)


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path, capsys):
    RunLog(tmp_path / "nowhere" / "log.txt").warn("something")
    assert capsys.readouterr().err == "warning: something\n"


def test_checkpoints_are_written_when_due_and_at_the_end(trainer, tmp_path):
    eager = Checkpoints(tmp_path / "checkpoints", RunLog(tmp_path / "log.txt"), seconds=0)
    trainer.run(Budget(images=100), [eager])
    assert checkpoint_names(tmp_path) == ["000000050", "000000100"]
    lazy = Checkpoints(tmp_path / "lazy" / "checkpoints", RunLog(tmp_path / "log.txt"), 1e6)
    trainer.run(Budget(images=200), [lazy])
    assert checkpoint_names(tmp_path / "lazy") == ["000000200"]


def test_weights_that_are_no_numbers_are_not_saved(trainer, tmp_path):
    saver = Checkpoints(tmp_path / "checkpoints", RunLog(tmp_path / "log.txt"))
    with torch.no_grad():
        next(trainer.state.discriminator.parameters())[0, 0] = torch.nan
    saver.save(trainer)
    assert not saver.saved
    assert not (tmp_path / "checkpoints").exists()


def test_an_observer_that_cannot_write_is_excused_once_and_tried_again(trainer, tmp_path, capsys):
    class Failing(Callback):
        calls = 0

        def after_step(self, trainer, stats):
            self.calls += 1
            raise OSError(28, "No space left on device")

        def finish(self, trainer):
            raise OSError(28, "No space left on device")

    failing = Failing()
    trainer.run(Budget(images=150), [BestEffort(failing, RunLog(tmp_path / "log.txt"))])
    assert failing.calls == 3
    said = "warning: could not write (failing): No space left on device. Training goes on without\n"
    assert capsys.readouterr().err == said


def test_other_errors_of_an_observer_are_not_hidden(trainer, tmp_path):
    class Broken(Callback):
        def after_step(self, trainer, stats):
            raise KeyError("a mistake")

    with pytest.raises(KeyError):
        trainer.run(Budget(images=50), [BestEffort(Broken(), RunLog(tmp_path / "log.txt"))])


def test_smoothing_starts_without_bias_and_keeps_constants():
    assert smooth([3.0] * 50) == pytest.approx([3.0] * 50)
    assert smooth([1.0, 2.0]) == [1.0, 2.0]
    values = smooth([float(n) for n in range(1000)])
    assert values[0] == 0
    assert all(0 < n - value < 80 for n, value in enumerate(values) if n > 200)
