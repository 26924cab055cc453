"""Lab 4: its networks are the DCGAN, its step is kaogan's, and kaogan reads what it saves."""

from pathlib import Path

import jupytext
import numpy as np
import pytest
import torch

from kaogan.data.batches import ImageBatches
from kaogan.export import Keras, Network
from kaogan.export.keras import sequential
from kaogan.losses import NonSaturating
from kaogan.models.dcgan import DCGAN
from kaogan.training.precision import Compute
from kaogan.training.recipe import Recipe
from kaogan.training.state import TrainState
from kaogan.training.trainer import Trainer

keras = pytest.importorskip("keras", reason="needs kaogan[keras]")

LAB = Path(__file__).parent.parent.parent / "labs" / "4_dcgan_in_keras.py"
COMPUTE = Compute(torch.device("cpu"), "fp32")
MODEL = DCGAN(width=8)


@pytest.fixture
def game():
    """The names that the lab's cells define: settings, descent, networks, losses, step."""
    names = {"keras": keras, "np": np, "BACKEND": "torch"}
    exec("import importlib.util", names)
    for cell in jupytext.reads(LAB.read_text(encoding="utf-8"), fmt="py:percent").cells:
        tags = set(cell.metadata.get("tags", []))
        if cell.cell_type == "code" and tags & {"settings", "descend", "network", "loss", "step"}:
            exec(cell.source, names)
            names["WIDTH"] = MODEL.width
    names["to_numpy"] = keras.ops.convert_to_numpy
    return names


def test_its_networks_are_kaogans(game, tmp_path):
    for player in ("generator", "discriminator"):
        network = game[f"new_{player}"]()
        network.save(tmp_path / f"{player}.keras")
        read = Keras().read(tmp_path / f"{player}.keras")
        assert read.player == player
        assert read.model.width == MODEL.width


def test_its_step_is_kaogans(game):
    pictures = np.random.default_rng(0).integers(0, 256, (64, 64, 64, 3), dtype=np.uint8)
    recipe = Recipe(model=MODEL, batch=8, lr=2e-4, loss=NonSaturating())
    state = TrainState.fresh(recipe, COMPUTE)
    trainer = Trainer(recipe, state, ImageBatches(pictures, COMPUTE.device, 0), COMPUTE)
    networks = []
    for player in ("generator", "discriminator"):
        plain = MODEL.generator() if player == "generator" else MODEL.discriminator()
        plain.load_state_dict(getattr(state, player).state_dict())
        networks.append(game[f"new_{player}"]())
        networks[-1].set_weights(sequential(Network(MODEL, player, plain)).get_weights())
    train_step = game["train_step_of"](*networks, recipe.lr)
    for _ in range(3):
        x, _, z = trainer.draw_inputs()[:3]
        ours = train_step(x.permute(0, 2, 3, 1), z)
        theirs = [number.item() for number in trainer.step()]
        # Keras' Adam adds 1e-7 where PyTorch's adds 1e-8.
        assert ours == pytest.approx(theirs, abs=5e-3)
