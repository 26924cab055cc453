"""Training with labels."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from toys import COMPUTE, CPU, MODERN, make_trainer, same, snapshot, tiny_recipe

from kaogan.data.batches import ImageBatches
from kaogan.data.dataset import Dataset
from kaogan.data.writing import Picture, write_dataset
from kaogan.errors import UsageError
from kaogan.export import formats
from kaogan.export.onnx import onnx_of
from kaogan.generators import open_generator, open_network, open_start
from kaogan.label_vectors import random_codes, vectors, wish
from kaogan.labels import Attribute
from kaogan.training.recipe import Budget
from kaogan.training.run import Run
from kaogan.training.sampling import Sampler, Wishing, standing_statistics
from kaogan.training.state import TrainState
from kaogan.training.tasks.images import Pictures, learned, train
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


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    pictures, codes = labelled()
    rows = (Picture(picture, {"source": f"{i}.png"}) for i, picture in enumerate(pictures))
    folder = tmp_path_factory.mktemp("data") / "labelled"
    made = write_dataset(folder, rows, size=32, channels=3, about={})
    sources = [int(row["source"].split(".")[0]) for row in made.manifest()]
    codes = codes[sources]
    return dataclasses.replace(
        made,
        attributes=ALL,
        train_labels=codes[: len(made.train)],
        held_out_labels=codes[len(made.train) :],
    )


@pytest.fixture(scope="module")
def run(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    recipe = tiny_recipe(**MODERN, attributes=learned(dataset, "shaded,colour"))
    return train(recipe, dataset, tmp_path_factory.mktemp("run") / "run", Budget(images=32), CPU)


def test_what_is_learned_is_in_the_order_of_the_data_with_its_shares(dataset: Dataset) -> None:
    colour, shaded = (Attribute(**fields) for fields in learned(dataset, "shaded,colour"))
    assert (colour.name, colour.values) == ("colour", COLOUR.values)
    counts = np.bincount(dataset.train_labels[:, 0].astype(int))
    assert colour.shares == pytest.approx(counts / counts.sum(), abs=1e-4)
    assert sum(shaded.shares) == pytest.approx(1, abs=1e-3)
    assert len(learned(dataset, "all")) == 3
    with pytest.raises(UsageError, match="did you mean colour"):
        learned(dataset, "color")


def test_a_run_knows_what_can_be_wished_for(run: Run, dataset: Dataset) -> None:
    model = run.recipe.model
    assert [attribute.name for attribute in model.attributes] == ["colour", "shaded"]
    trained = open_generator(run.path)
    assert trained.attributes == model.attributes
    assert np.array_equal(trained.sample(4), trained.wishing({}).sample(4))
    red, blue = (trained.wishing({"colour": colour}).sample(4) for colour in ("red", "blue"))
    assert not np.array_equal(red, blue)
    with pytest.raises(UsageError, match="did you mean red"):
        trained.wishing({"colour": "rad"})
    assert not trained.model.attributes
    assert trained.sampler.generator.state_dict()["layers.0.weight"].shape[0] == 8
    batch = Pictures(dataset).batches(run.recipe, COMPUTE.device, 1)(0, 60)
    assert torch.equal(batch.x.mean((2, 3)).argmax(1).float(), batch.codes[:, 0])


def test_exported_it_still_takes_wishes(run: Run, tmp_path: Path) -> None:
    trained, wishes = open_generator(run.path), {"colour": "red", "shaded": "no"}
    network = open_network(run.path)
    formats["safetensors"]().write(network, tmp_path / "faces.safetensors")
    read = open_generator(tmp_path / "faces.safetensors")
    assert read.attributes == trained.attributes
    assert np.array_equal(read.sample(4), trained.sample(4))
    assert np.array_equal(read.wishing(wishes).sample(4), trained.wishing(wishes).sample(4))


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_in_onnx_wishes_are_a_second_input(run: Run, precision: str) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    content, _ = onnx_of(open_network(run.path), precision)
    session = onnxruntime.InferenceSession(content)
    assert [source.name for source in session.get_inputs()] == ["z", "labels"]
    about = json.loads(session.get_modelmeta().custom_metadata_map["labels"])
    assert [entry["attribute"] for entry in about] == ["colour", "shaded"]
    assert about[0]["entries"] == ["red", "green", "blue"]
    trained, z = open_generator(run.path), torch.randn(3, 8)
    labels = wish(trained.attributes, {"colour": "blue"}).expand(3, -1)
    (drawn,) = session.run(None, {"z": z.numpy(), "labels": labels.numpy()})
    with torch.inference_mode():
        expected = trained.wishing({"colour": "blue"}).sampler.generator(z)
    np.testing.assert_allclose(drawn, expected, atol=1e-4 if precision == "fp32" else 0.05)


def test_other_formats_have_it_without_wishes(run: Run) -> None:
    trained = open_generator(run.path)
    network = open_network(run.path).without_labels()
    assert network.model == trained.model == trained.network().model
    z = torch.randn(3, 8)
    with torch.inference_mode():
        assert torch.equal(network.module(z), trained.sampler.generator(z))
    discriminator = trained.network("discriminator")
    assert discriminator.module(torch.zeros(2, 3, 32, 32)).shape == (2,)
    onnx_of(open_network(run.path, "discriminator"))


def test_a_training_may_start_from_networks_without_labels(
    dataset: Dataset, run: Run, tmp_path: Path
) -> None:
    plain = tiny_recipe(**MODERN)
    before = train(plain, dataset, tmp_path / "plain", Budget(images=32), CPU)
    start = open_start(before.path)
    conditional = run.recipe
    start.check(conditional)
    state = TrainState.fresh(conditional, COMPUTE)
    start.load(state)
    z = torch.randn(4, 8, generator=torch.Generator().manual_seed(0))
    labels = wish(conditional.model.attributes, {"colour": "red"}).expand(4, -1)
    drawn = before.sampler("newest").generator(z)
    torch.testing.assert_close(state.ema.eval()(z, labels), drawn)
    pictures = torch.rand(4, 3, 32, 32) * 2 - 1
    torch.testing.assert_close(state.discriminator(pictures, labels), state.discriminator(pictures))
    again = open_start(run.path)
    again.check(conditional)
    with pytest.raises(UsageError, match="attributes"):
        again.check(plain)


def test_other_labels_than_the_recipes_are_refused(run: Run, dataset: Dataset) -> None:
    bare = dataclasses.replace(dataset, attributes=())
    with pytest.raises(UsageError, match="has no labels of colour"):
        Pictures(bare).check(run.recipe)
    renamed = COLOUR.model_copy(update={"values": ("red", "green", "violet")})
    other = dataclasses.replace(dataset, attributes=(renamed, BRIGHT, SHADED))
    with pytest.raises(UsageError, match="has other values of colour"):
        Pictures(other).check(run.recipe)
    with pytest.raises(UsageError, match="has no labels to learn"):
        learned(bare, "colour")
