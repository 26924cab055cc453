"""Training with labels."""

import numpy as np
import torch
from toys import COMPUTE, MODERN, make_trainer, same, snapshot, tiny_recipe

from kaogan.data.batches import ImageBatches
from kaogan.labels import Attribute, random_codes, vectors, wish
from kaogan.training.sampling import Sampler, Wishing, standing_statistics
from kaogan.training.trainer import Trainer

COLOUR = Attribute(name="colour", kind="categories", values=("red", "green", "blue"))
BRIGHT = Attribute(name="bright", kind="number")
SHADED = Attribute(name="shaded", kind="flag")
ALL = (COLOUR, BRIGHT, SHADED)


def labelled(count: int = 240) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of one colour, darker towards the bottom if shaded, and their codes."""
    rng = np.random.default_rng(0)
    colour, bright = rng.integers(0, 3, count), rng.uniform(0, 1, count)
    shaded = rng.integers(0, 2, count)
    pictures = np.zeros((count, 32, 32, 3))
    pictures[np.arange(count), :, :, colour] = (80 + 160 * bright)[:, None, None]
    shade = np.linspace(1, 0.2, 32)[None, :, None, None]
    pictures = np.where(shaded[:, None, None, None] == 1, pictures * shade, pictures)
    codes = np.stack([colour, bright, shaded], 1).astype(np.float32)
    codes[::7, 1] = np.nan
    return pictures.astype(np.uint8), codes


def trainer_of(pictures, codes=None, attributes=(), resident=None, **options) -> Trainer:
    batches = ImageBatches(pictures, COMPUTE.device, 0, codes=codes, resident=resident)
    recipe = tiny_recipe(**MODERN, **options)
    model = recipe.model.model_copy(update={"attributes": attributes})
    return make_trainer(recipe.model_copy(update={"model": model}), batches, COMPUTE)


def test_labels_travel_with_their_pictures() -> None:
    pictures, codes = labelled()
    for resident in (False, True):
        batches = ImageBatches(pictures, COMPUTE.device, 0, codes=codes, resident=resident)
        for start in range(0, 480, 60):
            x, c = batches(start, 60)
            brightest = x.mean((2, 3)).argmax(1)
            assert torch.equal(brightest.float(), c[:, 0])
            assert c.shape == (60, 3)


def test_some_values_are_forgotten_and_none_are_invented() -> None:
    pictures, codes = labelled()
    trainer = trainer_of(pictures, codes, ALL, batch=240)
    known = trainer.batches(0, 240).codes
    full = vectors(ALL, known)
    c = trainer.draw_inputs().c
    parts = zip(c.split([3, 2, 2], 1), full.split([3, 2, 2], 1), known.T, strict=True)
    for kept, whole, code in parts:
        there = kept.sum(1) > 0
        assert torch.equal(kept[there], whole[there])
        assert not there[code.isnan()].any()
        assert 0.35 < there[~code.isnan()].float().mean() < 0.65
    assert torch.equal(trainer.draw_inputs().c, c)  # a function of the position


def test_without_attributes_the_numbers_are_those_they_always_were() -> None:
    pictures, _ = labelled(40)
    plain, other = trainer_of(pictures), trainer_of(pictures, np.zeros((40, 0), np.float32))
    for _ in range(3):
        plain.step()
        other.step()
    assert same(snapshot(plain.state), snapshot(other.state))


def test_an_interrupted_training_is_the_same() -> None:
    pictures, codes = labelled(40)
    whole, first, second = (trainer_of(pictures, codes, ALL) for _ in range(3))
    for _ in range(5):
        whole.step()
    for _ in range(2):
        first.step()
    second.state.restore(first.state.tensors(), first.state.numbers())
    for _ in range(3):
        second.step()
    assert same(snapshot(whole.state), snapshot(second.state))


def test_standing_statistics_are_those_of_random_wishes() -> None:
    trainer = trainer_of(*labelled(40), ALL)
    generator = trainer.state.generator
    with torch.no_grad():
        generator.layers[0].weight[8:] *= 50  # labels decide what is drawn
    settled = standing_statistics(generator, 8, 1024)
    z = torch.randn(1024, 8, generator=torch.Generator().manual_seed(3))
    codes = random_codes(ALL, 1024, torch.Generator().manual_seed(4))
    maps = settled.layers[0](torch.cat([z, vectors(ALL, codes)], 1)[:, :, None, None])
    torch.testing.assert_close(
        settled.layers[1].running_mean, maps.mean((0, 2, 3)), atol=0.2, rtol=0.2
    )
    again = standing_statistics(generator, 8, 1024)
    assert torch.equal(again.layers[1].running_mean, settled.layers[1].running_mean)


def test_a_wish_is_a_label_for_all() -> None:
    generator = trainer_of(*labelled(40), ALL).state.generator.eval()
    asked = wish(ALL, {"colour": "red"})
    z = torch.randn(3, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(Wishing(generator, asked)(z), generator(z, asked.expand(3, -1)))
    sampler = Sampler(generator, 8)
    assert not np.array_equal(sampler.wishing(asked).sample(4), sampler.sample(4))
    nothing = sampler.wishing(wish(ALL, {}))
    assert np.array_equal(nothing.sample(4), sampler.sample(4))


def test_it_learns_to_draw_what_is_wished_for() -> None:
    pictures, codes = labelled()
    trainer = trainer_of(pictures, codes, ALL, batch=32, lr=2e-3, width=8)
    for _ in range(250):
        trainer.step()
    settled = Sampler(standing_statistics(trainer.state.ema, 8), 8)

    def drawn(**wishes: str) -> np.ndarray:
        return settled.wishing(wish(ALL, wishes)).sample(64).astype(float)

    for place, colour in enumerate(COLOUR.values):
        right = drawn(colour=colour).mean((1, 2)).argmax(1) == place
        assert right.mean() > 0.9, colour
    dark, light = (drawn(bright=value).max(3).mean() for value in ("0.1", "0.9"))
    assert light > dark + 30
    flat, shaded = (
        (faces[:, :8].max(3).mean() - faces[:, -8:].max(3).mean())
        for faces in (drawn(shaded="no"), drawn(shaded="yes"))
    )
    assert shaded > flat + 30
    shares = np.bincount(drawn().mean((1, 2)).argmax(1), minlength=3) / 64
    assert shares.min() > 0.1  # without wishes, all of them
