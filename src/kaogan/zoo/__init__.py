"""Generators that come with kaogan: faces a second after set-up, without training.

src/kaogan/zoo/NAME/
    generator.safetensors       the EMA weights with standing statistics, in half precision
    discriminator.safetensors   what it was trained against, likewise; not of every one
    recipe.json                 what was trained
    README.md                   the model card: data, purpose, limits, how to make it again
    directions.json             what can be steered;  encoder.safetensors  from pictures to latents
"""

from pathlib import Path

from safetensors.torch import load_file
from torch import nn

from kaogan.errors import UsageError
from kaogan.records import read_json
from kaogan.training.recipe import Recipe
from kaogan.training.sampling import Sampler

FOLDER = Path(__file__).parent
GENERATOR, DISCRIMINATOR = "generator.safetensors", "discriminator.safetensors"


def names() -> list[str]:
    """The generators that come with kaogan."""
    return sorted(file.parent.name for file in FOLDER.glob(f"*/{GENERATOR}"))


def pretrained(name: str) -> Sampler:
    """A generator that comes with kaogan, ready to draw: `pretrained("faces-64").sample(16)`.

    Raises:
        UsageError: there is none of this name.

    """
    recipe = pretrained_recipe(name)
    generator = recipe.model.generator()
    # Half-precision weights are read into the float32 network: copying converts.
    generator.load_state_dict(load_file(FOLDER / name / GENERATOR))
    return Sampler(generator.eval(), recipe.model.latent_dim)


def pretrained_discriminator(name: str) -> nn.Module:
    """The discriminator that such a generator was trained against: pictures to logits.

    Raises:
        UsageError: there is none of this name, or it comes without its discriminator.

    """
    if not (FOLDER / name / DISCRIMINATOR).exists() and name in names():
        raise UsageError(f"{name} comes without its discriminator")
    discriminator = pretrained_recipe(name).model.discriminator()
    discriminator.load_state_dict(load_file(FOLDER / name / DISCRIMINATOR))
    return discriminator.eval()


def pretrained_recipe(name: str) -> Recipe:
    """What a generator that comes with kaogan was trained with.

    Raises:
        UsageError: there is none of this name.

    """
    if name not in names():
        raise UsageError(f"no generator called {name!r} comes with kaogan; use {_or(names())}")
    return read_json(FOLDER / name / "recipe.json", Recipe)


def _or(words: list[str]) -> str:
    return " or ".join(words) if words else "a RUN of your own"
