import pytest


@pytest.fixture(params=["generator", "discriminator"])
def player(request) -> str:
    return request.param
