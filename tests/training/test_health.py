"""Warnings about an unhealthy training."""

import numpy as np
import pytest
import torch
from toys import COMPUTE, gradients, log_text, make_trainer, tiny_recipe

from kaogan.data.batches import ImageBatches
from kaogan.data.writing import Picture, write_dataset
from kaogan.progress import Silent
from kaogan.training.background import Background
from kaogan.training.callbacks.checkpoints import Checkpoints
from kaogan.training.callbacks.health import WARM_UP_STEPS, WINNING_STEPS, Health, pixel_deviation
from kaogan.training.callbacks.samples import Samples
from kaogan.training.fit import RunContext
from kaogan.training.recipe import Watch
from kaogan.training.run import Run
from kaogan.training.run_log import RunLog
from kaogan.training.tasks.images import Pictures


@pytest.fixture
def trainer(dataset):
    return make_trainer(tiny_recipe(), ImageBatches(dataset.train, COMPUTE.device, 0))


@pytest.fixture
def health(dataset, tmp_path):
    samples = Samples(tmp_path / "samples", Background())
    return Health(RunLog(tmp_path / "log.txt"), samples, dataset.train)


def warnings(tmp_path, word):
    return log_text(tmp_path).count(word) if (tmp_path / "log.txt").exists() else 0


WINNING = {"loss_d": 0.02, "d_real": 0.99, "d_fake": 0.01}
WINNING_SMOOTHED = {"loss_d": 0.34, "d_real": 0.9, "d_fake": 0.01}
EVEN = {"loss_d": 0.9, "d_real": 0.7, "d_fake": 0.3}


def listen(health, trainer, steps, row):
    """Rows of a log, ten steps apart."""
    for step in steps:
        health.listen(trainer, {"images_seen": step * 8, "loss_g": 5.0} | row)


@pytest.mark.parametrize("row", [WINNING, WINNING_SMOOTHED], ids=["hard labels", "smoothed"])
def test_a_discriminator_that_wins_for_long_is_reported_once(health, trainer, tmp_path, row):
    listen(health, trainer, range(0, WINNING_STEPS, 10), row)
    assert warnings(tmp_path, "discriminator has been winning") == 0
    listen(health, trainer, range(WINNING_STEPS, 5 * WINNING_STEPS, 10), row)
    assert warnings(tmp_path, "discriminator has been winning") == 1
    assert "standard recipe" in log_text(tmp_path)


def test_and_again_once_it_has_recovered(health, trainer, tmp_path):
    for spell in range(2):
        start = spell * 10_000
        listen(health, trainer, range(start, start + 2 * WINNING_STEPS, 10), WINNING)
        listen(health, trainer, [start + 3 * WINNING_STEPS], EVEN)
    assert warnings(tmp_path, "discriminator has been winning") == 2


def test_short_spells_of_winning_are_part_of_the_game(health, trainer, tmp_path):
    for step in range(0, 20 * WINNING_STEPS, 10):
        listen(health, trainer, [step], EVEN if step % (WINNING_STEPS // 2) == 0 else WINNING)
    assert warnings(tmp_path, "winning") == 0


@pytest.mark.parametrize(
    "options", [{"norm": "spectral"}, {"norm": "none", "penalties": {"r1": 1.0}}]
)
def test_a_discriminator_whose_slope_is_bounded_may_win(health, dataset, tmp_path, options):
    batches = ImageBatches(dataset.train, COMPUTE.device, 0)
    bounded = make_trainer(tiny_recipe(**options), batches)
    listen(health, bounded, range(0, 3 * WINNING_STEPS, 10), WINNING)
    assert warnings(tmp_path, "winning") == 0


def collapse(trainer):
    """A generator that does not look at its latent."""
    for network in (trainer.state.generator, trainer.state.ema):
        with torch.no_grad():
            network.layers[0].weight.zero_()


def watch(health, trainer):
    health.samples.draw(trainer)
    health.after_step(trainer, None)


def test_a_collapsed_generator_is_reported_once_until_it_recovers(health, trainer, tmp_path):
    collapse(trainer)
    trainer.state.images_seen = WARM_UP_STEPS * 8
    for _ in range(2):
        watch(health, trainer)
        assert warnings(tmp_path, "the generator has collapsed") == 1
    assert "(0% of the diversity" in log_text(tmp_path)
    health.samples.newest = list(gradients(64))
    health.after_step(trainer, None)
    watch(health, trainer)
    assert warnings(tmp_path, "the generator has collapsed") == 2


def test_a_sorted_data_set_is_as_diverse_as_a_shuffled_one(tmp_path, trainer):
    """Dark pictures first, and a generator that draws a tenth of what real ones differ."""
    grey = np.sort(np.random.default_rng(0).integers(0, 256, 1200, dtype=np.uint8))
    pictures = np.broadcast_to(grey[:, None, None, None], (1200, 32, 32, 3))
    rows = (Picture(p, {"source": f"{i}.png"}) for i, p in enumerate(pictures))
    dataset = write_dataset(tmp_path / "sorted", rows, size=32, channels=3, about={})
    run_log = RunLog(tmp_path / "log.txt")
    saver = Checkpoints(tmp_path / "checkpoints", run_log)
    context = RunContext(Run(tmp_path), run_log, Watch(), Silent(), saver, Background())
    (health,) = (one for one in Pictures(dataset).callbacks(context) if isinstance(one, Health))
    trainer.state.images_seen = WARM_UP_STEPS * 8
    health.samples.newest = [(picture // 10).astype(np.uint8) for picture in pictures[::20]]
    health.after_step(trainer, None)
    assert warnings(tmp_path, "(10% of the diversity") == 1


def test_a_young_generator_may_draw_grey(health, trainer, tmp_path):
    collapse(trainer)
    trainer.state.images_seen = (WARM_UP_STEPS - 1) * 8
    watch(health, trainer)
    assert warnings(tmp_path, "collapsed") == 0


def test_diversity_is_the_spread_over_pictures():
    assert pixel_deviation(gradients(1)) == 0
    assert pixel_deviation([gradients(1)[0]] * 5) == 0
    black_and_white = [gradients(1)[0] * 0, gradients(1)[0] * 0 + 255]
    assert pixel_deviation(black_and_white) == 127.5
    assert 20 < pixel_deviation(gradients(100)) < 74  # below that of uniform noise
