import argparse

import numpy as np
import pytest

from kaogan import zoo
from kaogan.cli.generators import add_options, chosen
from kaogan.errors import KaoganError, UsageError


def choose(*arguments: str):
    parser = argparse.ArgumentParser()
    add_options(parser)
    return chosen(parser.parse_args(arguments))


def test_a_pretrained_generator_is_at_home_in_the_package():
    found = choose("--pretrained", "avatars-64")
    assert (found.name, found.run) == ("avatars-64", None)
    assert (found.home / "generator.safetensors").is_file()
    assert found.recipe.model.latent_dim == found.sampler.latent_dim
    expected = zoo.pretrained("avatars-64").sample(2)
    assert np.array_equal(found.sampler.sample(2), expected)


def test_there_must_be_one_generator_exactly(tmp_path):
    for arguments in ([], [str(tmp_path), "--pretrained", "avatars-64"]):
        with pytest.raises(UsageError, match="RUN folder, or --pretrained"):
            choose(*arguments)


def test_a_generator_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="no generator called 'faces'"):
        choose("--pretrained", "faces")
    with pytest.raises(KaoganError, match=r"no run\.json"):
        choose(str(tmp_path))
