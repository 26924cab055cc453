import pytest
import torch
from torch import nn

from kaogan.latent.factors import pca, sefa
from kaogan.models import DCGAN


class Linear(nn.Module):
    """A generator whose first layer is known: A z + b, a ReLU, and something behind it."""

    def __init__(self, matrix: torch.Tensor, shift: float) -> None:
        super().__init__()
        self.first = nn.Linear(matrix.shape[1], matrix.shape[0])
        self.relu = nn.ReLU(inplace=True)
        self.last = nn.Linear(matrix.shape[0], 12)
        with torch.no_grad():
            self.first.weight.copy_(matrix)
            self.first.bias.fill_(shift)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.last(self.relu(self.first(z))).reshape(-1, 3, 2, 2)


@pytest.fixture
def known():
    """A = U diag(8, 5, 3, 1, 0.5, 0.1) V^T, and V."""
    rng = torch.Generator().manual_seed(0)
    u, _ = torch.linalg.qr(torch.randn(40, 6, generator=rng))
    v, _ = torch.linalg.qr(torch.randn(6, 6, generator=rng))
    scales = torch.tensor([8, 5, 3, 1, 0.5, 0.1])
    return u @ torch.diag(scales) @ v.T, v.T, scales


def alike(found: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """Cosines of pairs, whatever the sign."""
    return (found * true).sum(1).abs()


def test_sefa_is_the_singular_vectors_of_the_first_layer(known):
    matrix, right, scales = known
    vectors, shares = sefa(Linear(matrix, shift=0.7), 6, 3)
    assert torch.allclose(alike(vectors, right[:3]), torch.ones(3), atol=1e-4)
    assert torch.allclose(shares, (scales**2 / (scales**2).sum())[:3], atol=1e-4)


def test_where_the_relu_does_nothing_pca_is_sefa(known):
    """Before the non-linearity the two are the same; a large shift keeps everything positive."""
    matrix, right, _ = known
    vectors, shares = pca(Linear(matrix, shift=100), 6, 3)
    assert (alike(vectors, right[:3]) > 0.99).all()
    assert (shares.diff() < 0).all()


def test_behind_the_relu_pca_still_finds_most_of_the_variance(known):
    matrix, right, _ = known
    vectors, shares = pca(Linear(matrix, shift=0), 6, 2)
    assert (alike(vectors, right[:2]) > 0.9).all()
    assert 0 < shares.sum() < 1


@pytest.mark.parametrize("factorise", [sefa, pca])
def test_of_a_dcgan(factorise):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = DCGAN(size=32, width=4, latent_dim=10).generator().eval()
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    vectors, shares = factorise(generator, 10, 4)
    assert vectors.shape == (4, 10)
    assert torch.allclose(vectors.norm(dim=1), torch.ones(4), atol=1e-5)
    assert (shares > 0).all()
    again, _ = factorise(generator, 10, 4)
    assert torch.equal(vectors, again)
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())
    assert generator(torch.zeros(1, 10)).shape == (1, 3, 32, 32)  # nothing is left in its way


def test_a_gain_behind_the_first_layer_belongs_to_it():
    """Batch norm divides out how large a channel's weights are."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = DCGAN(size=32, width=4, latent_dim=10).generator().eval()
    plain, _ = sefa(generator, 10, 3)
    convolution, norm = generator.layers[0], generator.layers[1]
    with torch.no_grad():
        convolution.weight[:, 0] *= 100
        norm.weight[0] /= 100
    scaled, _ = sefa(generator, 10, 3)
    assert torch.allclose(alike(plain, scaled), torch.ones(3), atol=1e-4)


def test_a_generator_without_a_relu_is_refused():
    with pytest.raises(ValueError, match="no ReLU"):
        sefa(nn.Linear(3, 3), 3, 1)
