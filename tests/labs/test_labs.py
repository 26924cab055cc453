"""The labs' notebooks are those of their scripts, solutions run, and the step that lab 2 writes out
is kaogan's. That every notebook runs from top to bottom is shown by `make labs`."""

import base64
import io
import re
import sys
from pathlib import Path

import jupytext
import matplotlib
import matplotlib.pyplot as plt
import nbclient
import nbformat
import numpy as np
import pytest
import torch
from PIL import Image

import kaogan
from kaogan.data.batches import ImageBatches
from kaogan.training.precision import Compute
from kaogan.training.state import TrainState
from kaogan.training.trainer import Trainer
from loading import TOOLS, load

ROOT = Path(__file__).parent.parent.parent
CPU = torch.device("cpu")


TOOL = load(TOOLS / "labs.py")
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


def kept_notebook(script):
    return nbformat.read(ROOT / "labs" / "notebooks" / f"{script.stem}.ipynb", 4)


def without_outputs(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count, cell.outputs = None, []
    return notebook


@every_lab
def test_the_notebook_is_that_of_the_script(script):
    kept = without_outputs(kept_notebook(script))
    assert kept == TOOL.notebook(script), "run: python tools/labs.py"


@every_lab
def test_the_notebook_has_the_outputs_of_one_run_from_top_to_bottom(script):
    ran = [cell for cell in kept_notebook(script).cells if cell.cell_type == "code"]
    numbers = [cell.execution_count for cell in TOOL.code(kept_notebook(script))]
    told = "run: make labs, then: python tools/labs.py --ran build/labs"
    assert numbers == list(range(2, len(ran) + 1)), told  # the first one installs
    outputs = [output for cell in ran for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert "image/jpeg" in kinds or "image/png" in kinds
    for secret in (str(Path.home()) + "/", "/tmp/", "site-packages"):
        assert secret not in nbformat.writes(kept_notebook(script))


def test_the_notebooks_are_small():
    files = (ROOT / "labs" / "notebooks").glob("*.ipynb")
    assert sum(file.stat().st_size for file in files) < 2.5e6


def executed(source):
    """A notebook of one cell that printed a number and drew a large plot."""
    figure, axes = plt.subplots(figsize=(12, 3))
    axes.plot([1, 2, 4])
    picture = io.BytesIO()
    figure.savefig(picture, dpi=200)
    plt.close(figure)
    data = {"image/png": base64.b64encode(picture.getvalue()).decode(), "text/plain": "<Figure>"}
    outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="7\n"),
        nbformat.v4.new_output("display_data", data, metadata={"image/png": {"width": 9}}),
    ]
    words, cell = nbformat.v4.new_markdown_cell("Words."), nbformat.v4.new_code_cell(source)
    cell.outputs, cell.execution_count = outputs, 1
    return nbformat.v4.new_notebook(cells=[words, cell])


def test_outputs_stay_with_their_code():
    for source, kept in (("print(7)", 2), ("print(8)", 0)):
        made = without_outputs(executed(source))
        made.cells[0].source = "Other words."
        made = TOOL.with_outputs(made, executed("print(7)"))
        assert len(made.cells[1].outputs) == kept
        assert made.cells[0].source == "Other words."


def test_pictures_are_kept_small():
    text, plot = executed("print(7)").cells[1].outputs
    assert TOOL.small(text).text == "7\n"
    large = base64.b64decode(plot.data["image/png"])
    (kind, data), *others = TOOL.small(plot).data.items()
    assert not others
    small = Image.open(io.BytesIO(base64.b64decode(data)))
    assert (kind, small.format) == ("image/png", "PNG")  # of few colours, so not a JPEG
    assert small.width == TOOL.WIDTH < Image.open(io.BytesIO(large)).width


def test_films_are_kept_small():
    film = io.BytesIO()
    frames = [Image.new("RGB", (200, 40), (number, 0, 0)) for number in range(0, 240, 4)]
    frames[0].save(film, "gif", save_all=True, append_images=frames[1:], duration=80)
    kind, content = TOOL.small_film(Image.open(film))
    small = Image.open(io.BytesIO(content))
    assert (kind, small.size, small.n_frames) == ("image/gif", (100, 20), TOOL.FRAMES)


@every_lab
def test_the_badge_opens_this_notebook(script, monkeypatch):
    assert "colab" not in TOOL.notebook(script).cells[0].source  # no dead link until there is one
    monkeypatch.setattr(TOOL, "ADDRESS", "https://github.com/someone/kaogan")
    first = TOOL.notebook(script).cells[0].source
    (path,) = re.findall(r"/blob/main/([\w/.]+)\)$", first)
    assert ROOT / path == ROOT / "labs" / "notebooks" / f"{script.stem}.ipynb"
    assert (ROOT / path).exists()


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
        tries = cell.source.count("**Try it.**")
        assert cell.source.count("<summary>Answer</summary>") == tries
        folded = 2 * exercises + tries
        assert cell.source.count("<details>") == cell.source.count("</details>") == folded


@every_lab
def test_what_to_try_is_marked(script):
    """So that the test above sees that it has an answer."""
    asked = re.findall(r"[Tt]ry it\b", script.read_text(encoding="utf-8"))
    assert len(asked) == script.read_text(encoding="utf-8").count("**Try it.**")


def required(notebook):
    """The cells outside of optional sections."""
    cells, optional = [], False
    for cell in notebook.cells:
        if title := re.match(r"## .*", cell.source):
            optional = "(optional)" in title[0]
        if not optional:
            cells.append(cell)
    return cells


@pytest.mark.slow
def test_optional_sections_can_be_left_out(monkeypatch, tmp_path):
    monkeypatch.setenv("KAOGAN_LAB_QUICK", "1")
    shorter = 0
    for notebook in map(TOOL.notebook, SCRIPTS):
        cells = required(notebook)
        if len(cells) < len(notebook.cells):
            notebook.cells = cells
            place = {"metadata": {"path": tmp_path}}
            nbclient.NotebookClient(notebook, timeout=600, resources=place).execute()
            shorter += 1
    assert shorter


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


# Lab 5: the step


def test_the_step_of_lab_5_is_kaogans():
    game = {"torch": torch, "softplus": torch.nn.functional.softplus}
    for source in code(lab(5), "loss", "penalty", "step"):
        exec(source, game)
    recipe = kaogan.recipes.standard(size=32, width=8, batch=8, lr=game["LEARNING_RATE"])
    assert (recipe.penalty_interval, recipe.penalties[0].weight) == (game["EVERY"], game["GAMMA"])
    pictures = np.random.default_rng(0).integers(0, 256, (64, 32, 32, 3), dtype=np.uint8)
    state = TrainState.fresh(recipe, Compute(CPU, "fp32"))
    trainer = Trainer(recipe, state, ImageBatches(pictures, CPU, 0), Compute(CPU, "fp32"))
    first = {}
    for player in ("generator", "discriminator"):
        network = game[player] = getattr(recipe.model, player)()
        network.load_state_dict(getattr(state, player).state_dict())
        first[player] = weights_of(network)
        game[f"optimizer_{player[0]}"] = game["new_optimizer"](network)
    for step in range(3):
        inputs = trainer.draw_inputs()
        ours = game["train_step"](inputs.x, inputs.z, step % game["EVERY"] == 0)
        theirs = trainer.step()
        assert ours == pytest.approx([theirs.loss_d.item(), theirs.loss_g.item()], abs=1e-4)
    for player, before in first.items():
        own, other = weights_of(game[player]), weights_of(getattr(state, player))
        assert (own - other).norm() < 0.02 * (own - before).norm()


@pytest.mark.slow
def test_the_solutions_of_lab_5_run(monkeypatch, capsys):
    matplotlib.use("agg")
    monkeypatch.setenv("KAOGAN_LAB_QUICK", "1")
    space, solved = {}, 0
    for cell in lab(5):
        if "## 5." in cell.source:
            break
        if cell.cell_type == "code":
            exec(cell.source, space)
        for solution in re.findall(r"Solution</summary>.*?```python\n(.*?)```", cell.source, re.S):
            exec(solution, space)
            solved += 1
    assert solved == 3
    plt.close("all")
    said = capsys.readouterr().out
    assert "relativistic   -0.35  -0.35  -0.69" in said
    assert " -0.35  -0.17  -0.69" in said
    assert "gamma   1: after 500 steps theta is  0.000" in said


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
