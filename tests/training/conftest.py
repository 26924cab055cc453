import pytest
from toys import make_dataset


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    """36 training pictures of 32 x 32, and 4 held out."""
    return make_dataset(tmp_path_factory.mktemp("data") / "gradients")
