import json

import pytest
import torch
from torch import nn

from kaogan.errors import KaoganError, UsageError
from kaogan.latent.directions import Direction, Directions, SkippedDirection
from kaogan.latent.fingerprint import fingerprint


@pytest.fixture
def generator():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Linear(3, 3)


@pytest.fixture
def made(generator):
    vector = nn.functional.normalize(torch.tensor([1.0, 2.0, 3.0]), dim=0)
    direction = Direction("warmth", "named", vector, "cool", "warm", 0.9, 0.8, {"warmth": 0.8})
    left_out = SkippedDirection("contrast", "a linear fit explains 10% of it", 0.1)
    return Directions((direction,), (left_out,), fingerprint(generator), orthogonal=True)


def test_what_is_written_is_read(made, tmp_path):
    made.write(tmp_path / "directions.json")
    again = Directions.read(tmp_path / "directions.json")
    assert (again.left_out, again.orthogonal) == (made.left_out, True)
    one, other = again["warmth"], made["warmth"]
    torch.testing.assert_close(one.vector, other.vector, atol=1e-5, rtol=0)
    assert (one.low, one.high, one.r2, one.effects) == ("cool", "warm", 0.9, {"warmth": 0.8})


def test_directions_belong_to_weights(made, generator):
    made.check(generator)
    with torch.no_grad():
        generator.weight[0, 0] += 1
    with pytest.raises(KaoganError, match="other weights"):
        made.check(generator)


def test_unknown_directions(made):
    with pytest.raises(UsageError, match="there are: warmth"):
        made["hue"]
    with pytest.raises(UsageError, match="left out: a linear fit explains 10%"):
        made["contrast"]


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 1}', '{"format": 1, "directions": [3]}'])
def test_a_damaged_file(tmp_path, text):
    (tmp_path / "directions.json").write_text(text)
    with pytest.raises(KaoganError, match="damaged"):
        Directions.read(tmp_path / "directions.json")


def test_a_file_that_is_not_there_or_newer(tmp_path, made):
    file = tmp_path / "directions.json"
    with pytest.raises(KaoganError, match="kaogan directions"):
        Directions.read(file)
    made.write(file)
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 99}))
    with pytest.raises(KaoganError, match="newer"):
        Directions.read(file)
