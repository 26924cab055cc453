"""The model card: what is known of a generator, in words that can be run."""

import re

from networks import trained

from kaogan import recipes
from kaogan.export import Network, Origin, Safetensors
from kaogan.export.card import card_of
from kaogan.models.dcgan import DCGAN
from kaogan.training.recipe import Recipe
from kaogan.training.run import Run

MODEL = DCGAN(size=32, width=4, latent_dim=8)


def of_a_run(folder) -> Network:
    """A generator that was trained a little."""
    recipe, run = Recipe(model=MODEL), Run(folder / "my-faces")
    run.path.mkdir()
    run.write_about(recipe, {"path": "data/anime", "pictures": 5541}, "fp32", {})
    row = '{{"images_seen": {}, "kid": {}, "density": 0.5, "coverage": 0.25}}\n'
    run.evaluations.write_text(
        row.format(1000, 0.5) + row.format(2000, 0.125) + row.format(3000, 9)
    )
    plain = trained(MODEL, "generator")
    origin = Origin("my-faces", run.path, recipe, run, 2000)
    return Network(plain.model, plain.player, plain.module, origin)


def test_it_says_what_the_run_knows(tmp_path):
    Safetensors().write(of_a_run(tmp_path), tmp_path / "out" / "generator.safetensors")
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "# my-faces" in card
    assert "anime, 5,541 training pictures" in card
    assert "2,000 images seen" in card
    assert "kid 0.125" in card  # of this checkpoint, not of a later one
    assert f"{sum(p.numel() for p in MODEL.generator().parameters()):,} parameters" in card


def test_it_names_the_game(tmp_path):
    plain = trained(MODEL, "generator")
    for recipe, words in (
        (Recipe(model=MODEL), "loss nonsaturating, Adam 0.0002 (0.5, 0.999)"),
        (recipes.standard(), "loss relativistic with r1 and r2, Adam 0.0003 (0, 0.99)"),
    ):
        origin = Origin("my-faces", tmp_path, recipe)
        network = Network(plain.model, plain.player, plain.module, origin)
        assert words in card_of(network, "g.safetensors")


def test_its_code_draws(tmp_path, monkeypatch):
    Safetensors().write(trained(MODEL, "generator"), tmp_path / "g.safetensors")
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", card, re.S)
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    assert (tmp_path / "pictures.png").stat().st_size > 0


def test_a_readme_of_somebody_else_is_left_alone(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("mine", encoding="utf-8")
    facts = Safetensors().write(trained(MODEL, "generator"), tmp_path / "g.safetensors")
    assert readme.read_text(encoding="utf-8") == "mine"
    assert facts["card"] is None
    readme.unlink()
    for _ in range(2):  # its own it writes anew
        assert Safetensors().write(trained(MODEL, "generator"), tmp_path / "g.safetensors")["card"]


def test_a_discriminator_has_none(tmp_path):
    Safetensors().write(trained(MODEL, "discriminator"), tmp_path / "d.safetensors")
    assert not (tmp_path / "README.md").exists()
