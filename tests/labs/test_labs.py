"""The labs' notebooks are those of their scripts, solutions run, and the step that lab 2 writes out
is kaogan's. That every notebook runs from top to bottom is shown by `make labs`."""

import importlib.util
import re
import sys
from pathlib import Path

import jupytext
import matplotlib
import nbformat
import numpy as np
import pytest
import torch

import kaogan
from kaogan.data.batches import ImageBatches
from kaogan.training.precision import Compute
from kaogan.training.state import TrainState
from kaogan.training.trainer import Trainer

ROOT = Path(__file__).parent.parent.parent
CPU = torch.device("cpu")


def load_tool():
    spec = importlib.util.spec_from_file_location("labs_tool", ROOT / "tools" / "labs.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


TOOL = load_tool()
SCRIPTS = TOOL.scripts()

every_lab = pytest.mark.parametrize("script", SCRIPTS, ids=[script.stem for script in SCRIPTS])


def lab(number):
    (script,) = [script for script in SCRIPTS if script.name.startswith(f"{number}_")]
    return jupytext.reads(script.read_text(encoding="utf-8"), fmt="py:percent").cells


def code(cells, *tags):
    """The code of the cells that have one of the tags, or of all if none is given."""
    return [
        cell.source
        for cell in cells
        if cell.cell_type == "code" and (not tags or set(tags) & set(cell.metadata.get("tags", [])))
    ]


# Notebooks


def test_the_labs_are_numbered_without_a_gap():
    assert [int(script.name[0]) for script in SCRIPTS] == list(range(1, len(SCRIPTS) + 1))


@every_lab
def test_the_notebook_is_that_of_the_script(script):
    kept = ROOT / "labs" / "notebooks" / f"{script.stem}.ipynb"
    assert nbformat.read(kept, 4) == TOOL.notebook(script), "run: python tools/labs.py"


@every_lab
def test_the_badge_opens_this_notebook(script):
    first = TOOL.notebook(script).cells[0].source
    (path,) = re.findall(r"/blob/main/([\w/.]+)\)$", first)
    assert nbformat.read(ROOT / path, 4).cells[0].source == first


def test_there_is_no_notebook_without_its_script():
    notebooks = {file.stem for file in (ROOT / "labs" / "notebooks").glob("*.ipynb")}
    assert notebooks == {script.stem for script in SCRIPTS}


@every_lab
def test_a_published_address_gets_into_badge_and_installation(script, monkeypatch):
    monkeypatch.setattr(TOOL, "ADDRESS", "https://github.com/someone/kaogan")
    text = "\n".join(cell.source for cell in TOOL.notebook(script).cells)
    assert "git+https://github.com/someone/kaogan" in text
    assert "colab.research.google.com/github/someone/kaogan/blob/main/labs/notebooks/" in text
    assert "ADDRESS" not in text


@every_lab
def test_a_lab_installs_itself_and_can_be_quick(script):
    source = script.read_text(encoding="utf-8")
    assert source.count('"git+ADDRESS') == 1
    assert 'os.environ.get("KAOGAN_LAB_QUICK") == "1"' in source


@every_lab
def test_links_between_labs_lead_somewhere(script):
    for target in re.findall(r"\]\(([\w/.]+\.ipynb)", script.read_text(encoding="utf-8")):
        assert (ROOT / "labs" / "notebooks" / target).exists(), target


@every_lab
def test_every_exercise_has_a_hint_and_a_solution(script):
    for cell in jupytext.reads(script.read_text(encoding="utf-8"), fmt="py:percent").cells:
        exercises = len(re.findall(r"\*\*Exercise \d+\.\*\*", cell.source))
        for folded in ("Hint", "Solution"):
            assert cell.source.count(f"<summary>{folded}</summary>") == exercises
        assert cell.source.count("<details>") == cell.source.count("</details>") == 2 * exercises


# Lab 2: the step


def play_side_by_side(rounds):
    """The cells of lab 2 that make up the game, and kaogan's Trainer, from the same weights."""
    game = {"torch": torch, "nn": torch.nn, "DEVICE": CPU}
    exec("from torch.nn.functional import binary_cross_entropy_with_logits", game)
    cells = lab(2)
    for source in code(cells, "settings"):
        exec(source, game)
    game |= {"WIDTH": 8, "BATCH": 8}
    for source in code(cells, "network", "loss", "step"):
        exec(source, game)

    pictures = np.random.default_rng(0).integers(0, 256, (64, 64, 64, 3), dtype=np.uint8)
    recipe = kaogan.recipes.dcgan(width=8, batch=8, lr=game["LEARNING_RATE"], label_smoothing=0)
    state = TrainState.fresh(recipe, Compute(CPU, "fp32"))
    trainer = Trainer(recipe, state, ImageBatches(pictures, CPU, 0), Compute(CPU, "fp32"))
    for player, name in (("generator", "g"), ("discriminator", "d")):
        network = game[player] = game[f"new_{player}"]()
        for own, other in tensors(network, getattr(state, player)):
            own.copy_(other)
        game[f"optimizer_{name}"] = game["new_optimizer"](network)

    for _ in range(rounds):
        x, _, z = trainer.draw_inputs()[:3]
        yield game, state, game["train_step"](x, z), [n.item() for n in trainer.step()]


def tensors(network, other):
    return zip(network.state_dict().values(), other.state_dict().values(), strict=True)


def weights_of(network):
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])


def test_the_step_of_lab_2_is_kaogans():
    fresh = TrainState.fresh(kaogan.recipes.dcgan(width=8, batch=8), Compute(CPU, "fp32"))
    for game, state, ours, theirs in play_side_by_side(3):
        assert ours == pytest.approx(theirs, abs=1e-4)
        for player in ("generator", "discriminator"):
            first, own, other = (
                weights_of(network)
                for network in (getattr(fresh, player), game[player], getattr(state, player))
            )
            moved = (own - first).norm()
            assert moved > 1e-4 * len(own) ** 0.5
            # Not weight by weight: where a gradient is zero but for rounding, Adam's first step is
            # as long as elsewhere, in a direction that is an accident.
            assert (own - other).norm() < 0.01 * moved


# Lab 3: the solutions


@pytest.mark.slow
def test_the_solutions_of_lab_3_run(monkeypatch, tmp_path):
    matplotlib.use("agg")
    monkeypatch.setenv("KAOGAN_LAB_QUICK", "1")
    monkeypatch.chdir(tmp_path)
    space = {}
    solved = 0
    for cell in lab(3):
        if cell.cell_type == "code":
            exec(cell.source.replace('"faces-64"', '"avatars-64"'), space)
        for solution in re.findall(r"Solution</summary>.*?```python\n(.*?)```", cell.source, re.S):
            exec(solution, space)
            solved += 1
    assert solved == 6
    z0, z1 = space["latents"](2, seed=1)
    arc = space["slerp"](z0, z1, torch.linspace(0, 1, 5)[:, None]).norm(dim=1)
    assert arc.min() > min(z0.norm(), z1.norm()) - 1e-3
    assert abs(space["pure"] @ space["brighter"]) < 1e-5
    colder, warmer = (
        space["warmth"](
            space["hair"](space["faces"](space["moved"](space["fresh"], space["pure"], s)))
        )
        for s in (-4, 4)
    )
    assert (warmer > colder).mean() > 0.9
    sys.modules["matplotlib.pyplot"].close("all")


# What they say of the documents


def test_the_page_of_the_labs_names_and_links_what_there_is():
    page = (ROOT / "labs" / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", page):
        assert (ROOT / "labs" / target).exists(), target
    assert all(f"(notebooks/{script.stem}.ipynb)" in page for script in SCRIPTS)
