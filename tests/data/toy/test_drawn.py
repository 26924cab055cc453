import numpy as np
import pytest
import torch

from kaogan.data.toy import distribution, read_points
from kaogan.errors import KaoganError

LINES = [f"{x / 10},{-x / 5}" for x in range(12)]


def written(tmp_path, text, encoding="utf-8"):
    file = tmp_path / "points.csv"
    file.write_bytes(text.encode(encoding))
    return file


@pytest.mark.parametrize("heading", ["", "x,y\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_points_come_out_of_a_table(tmp_path, heading, end, encoding):
    target = read_points(written(tmp_path, heading + end.join(LINES) + "\n\n", encoding))
    assert target.dim == 2
    torch.testing.assert_close(target.points[3], torch.tensor([0.3, -0.6]))
    assert len(target.points) == 12


def test_one_column_is_a_line(tmp_path):
    assert read_points(written(tmp_path, "\n".join("0123456789"))).dim == 1


def test_a_path_is_a_distribution_that_draws_its_points_alike_often(tmp_path):
    target = distribution(str(written(tmp_path, "\n".join(LINES))))
    drawn = target.sample(12_000, torch.Generator().manual_seed(0))
    points, counts = np.unique(drawn.numpy(), axis=0, return_counts=True)
    assert {tuple(p) for p in points.tolist()} == {tuple(p) for p in target.points.tolist()}
    assert counts.min() > 850
    assert target.modes is None
    assert target.log_density(drawn) is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "holds 0 points"),
        ("1,2\n3,4\n", "holds 2 points"),
        ("\n".join(["1,2,3"] * 12), "3 columns; a point has one or two"),
        ("\n".join([*LINES, "7"]), "line 13 has 1 columns, the first point has 2"),
        ("\n".join([*LINES, "1,two"]), "line 13: 'two' is not a number"),
        ("\n".join([*LINES, "1,nan"]), "line 13: 'nan' is not a number"),
        ("\n".join([*LINES, "1,"]), "line 13: '' is not a number"),
        ("\n".join([*LINES, "1,1000"]), "line 13: 1000 is beyond -100 to 100; scale"),
    ],
)
def test_what_is_no_table_of_points_is_refused_with_the_line(tmp_path, text, complaint):
    with pytest.raises(KaoganError, match=complaint):
        read_points(written(tmp_path, text))


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(KaoganError, match="there is no file"):
        distribution(str(tmp_path / "nothing.csv"))
    binary = tmp_path / "picture.csv"
    binary.write_bytes(bytes(range(256)))
    with pytest.raises(KaoganError, match="no CSV file"):
        read_points(binary)


def test_too_many_points_are_refused(tmp_path):
    with pytest.raises(KaoganError, match="100,001 points"):
        read_points(written(tmp_path, "1,2\n" * 100_001))
