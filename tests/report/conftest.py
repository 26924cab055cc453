"""A small run of pictures and one of points, trained once, and the report of the first."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from torch import Tensor, nn

from kaogan import recipes
from kaogan.contracts import Model
from kaogan.data.dataset import Dataset
from kaogan.data.reasons import Reason
from kaogan.data.toy import Ring
from kaogan.data.writing import LeftOutPicture, Picture, write_dataset
from kaogan.models import DCGAN, models
from kaogan.models.dcgan import Generator
from kaogan.report.make import make_report
from kaogan.report.report import Report
from kaogan.report.writing import Heading
from kaogan.training.recipe import Budget, Hardware, Recipe, Watch
from kaogan.training.run import Run
from kaogan.training.tasks.images import train
from kaogan.training.tasks.points import train_toy

CPU = Hardware(device="cpu", precision="fp32")
SMALL = {"size": 32, "width": 4, "latent_dim": 8, "batch": 8, "seed": 3}
RECIPE = recipes.dcgan(**SMALL, label_smoothing=0.1, lr=4e-4)
TWICE = Watch(evaluate_every=4000)  # after a quarter of that, and at the end


def smooth_colours(count: int) -> np.ndarray:
    """Pictures of 32 x 32, no two alike."""
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 255, (count, 2, 2, 3))
    across = np.linspace(0, 1, 32)
    rows = np.einsum("nabc,ay->nybc", corners, np.stack([1 - across, across]))
    return np.einsum("nybc,bx->nyxc", rows, np.stack([1 - across, across])).astype(np.uint8)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """About 1,170 training pictures, and more than 100 held out."""
    entries = [
        Picture(picture, {"source": f"{i}.png", "original_size": [40, 32]})
        for i, picture in enumerate(smooth_colours(1300))
    ]
    left_out = LeftOutPicture("broken.png", Reason.DAMAGED)
    folder = tmp_path_factory.mktemp("report-data") / "colours <&>"
    about = {"sources": ["a folder.zip"], "fit": "crop"}
    return write_dataset(folder, [*entries, left_out], size=32, channels=3, about=about)


@pytest.fixture(scope="session")
def run(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that was stopped once and resumed."""
    out = tmp_path_factory.mktemp("report-run") / "a run"
    train(RECIPE, dataset, out, Budget(images=1008), CPU, TWICE)
    return train(RECIPE, dataset, out, Budget(images=1600), CPU, TWICE)


@pytest.fixture(scope="session")
def standard_run(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of the standard recipe, annealed over twice its length."""
    recipe = recipes.standard(**SMALL, anneal_images=800)
    out = tmp_path_factory.mktemp("standard-run") / "standard"
    return train(recipe, dataset, out, Budget(images=400), CPU, TWICE)


class Plain(Model):
    """A picture model that is no DCGAN: one layer a player, no stack of convolutions."""

    name: Literal["plain"] = "plain"
    latent_dim: int = 8

    @property
    def sample_shape(self) -> tuple[int, int, int]:
        return (3, 32, 32)

    def generator(self) -> nn.Module:
        return nn.Sequential(nn.Linear(8, 3 * 32 * 32), nn.Tanh(), nn.Unflatten(1, (3, 32, 32)))

    def discriminator(self) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 1), nn.Flatten(0))


class PixelNorm(nn.Module):
    """Karras et al., ProGAN (2018), section 4.2."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps * (maps.square().mean(1, keepdim=True) + 1e-8).rsqrt()


class PixelNormed(DCGAN):
    """A variation of the DCGAN, as in benchmarks/quality.py."""

    name: Literal["pixel-normed"] = "pixel-normed"  # type: ignore[assignment]

    def generator(self) -> Generator:
        network = super().generator()
        layers = [PixelNorm() if isinstance(x, nn.BatchNorm2d) else x for x in network.layers]
        network.layers = nn.Sequential(*layers)
        return network


@pytest.fixture(scope="module", params=[Plain(), PixelNormed(size=32, width=4, latent_dim=8)])
def other_run(
    request: pytest.FixtureRequest, dataset: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Run]:
    """A run of pictures by a model that is not the package's own."""
    model = request.param
    out = tmp_path_factory.mktemp("other-run") / model.name
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(models, model.name, type(model))
        yield train(Recipe(model=model, batch=8), dataset, out, Budget(images=400), CPU)


@pytest.fixture(scope="session")
def toy_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    recipe = recipes.toy(width=8, batch=16, steps=63)
    out = tmp_path_factory.mktemp("report-toy") / "toy"
    return train_toy(recipe, Ring(), "ring", out, Budget(images=1008), CPU)


@pytest.fixture(scope="session")
def heading() -> Heading:
    """What somebody may type, and what must not become markup."""
    return Heading('Faces <script>alert("1")</script>', "A. & B.", "<b>Course</b> 'GAN'")


@pytest.fixture(scope="session")
def report(run: Run, heading: Heading) -> Report:
    return make_report(run, heading)


@pytest.fixture(scope="session")
def plain(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report without the generator."""
    out = tmp_path_factory.mktemp("plain") / "report.html"
    report.write(out, live=False)
    return out
