import json

from PIL import Image

from kaogan.latent.directions import Directions
from kaogan.latent.properties import properties
from kaogan.training.run import Run


def test_directions_of_a_run(kaogan, trained, tmp_path):
    outcome = kaogan("directions", trained, "--orthogonal", "--out", tmp_path, "--json")
    assert outcome.status == 0
    about = json.loads(outcome.out)
    found = Directions.read(tmp_path / "directions.json")
    found.check(Run(trained).sampler().generator)
    assert found.orthogonal
    names = [each.name for each in found.directions]
    assert [each["name"] for each in about["directions"]] == names
    assert {"sefa-1", "pca-1"} <= set(names)
    told = {*names, *(each["name"] for each in about["left_out"])}
    assert told >= set(properties)
    with Image.open(about["picture"]) as picture:
        assert picture.width > 7 * 32


def test_the_table_says_what_changes_and_what_was_left_out(kaogan, trained, tmp_path):
    outcome = kaogan("directions", trained, "--out", tmp_path)
    assert "sefa-1" in outcome.out
    assert "left out: " in outcome.out
    assert str(tmp_path / "directions.json") in outcome.out


def test_no_run(kaogan, tmp_path):
    assert "no run" in kaogan("directions", tmp_path / "nowhere").error
