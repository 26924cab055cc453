"""A switch changes how a step of a GPU is computed, and not what it computes."""

import copy
import importlib
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tape import record
from torch import Tensor, nn
from toys import Jitter

from kaogan import recipes
from kaogan.data.batches import ImageBatches
from kaogan.training.precision import Compute
from kaogan.training.state import TrainState
from kaogan.training.trainer import Trainer


@pytest.fixture
def switches(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    return importlib.import_module("gpu.switches")


def gradients(generator: nn.Module, discriminator: nn.Module) -> list[Tensor]:
    """Of a loss with a penalty on the slopes, by all parameters."""
    z = torch.randn(4, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    pictures = generator(z)
    logits = discriminator(pictures)
    (slopes,) = torch.autograd.grad(logits.sum(), pictures, create_graph=True)
    (logits.square().sum() + slopes.square().sum()).backward()
    return [p.grad for network in (generator, discriminator) for p in network.parameters()]


@pytest.mark.parametrize("recipe", ["standard", "dcgan"])
@pytest.mark.parametrize(("name", "replaced"), [("products", 2), ("padded", 2)])
def test_layers_change_and_derivatives_do_not(switches, recipe, name, replaced):
    torch.manual_seed(0)
    model = recipes.named(recipe, size=32, width=8, latent_dim=16).model
    plain = [model.generator().double(), model.discriminator().double()]
    fast = copy.deepcopy(plain)
    state = SimpleNamespace(generator=fast[0], discriminator=fast[1])
    getattr(switches, name)(SimpleNamespace(state=state), None)

    kinds = [
        (type(a), type(b))
        for before, after in zip(plain, fast, strict=True)
        for a, b in zip(before.layers, after.layers, strict=True)
    ]
    assert sum(a is not b for a, b in kinds) == replaced
    names = [[*network.state_dict()] for network in (*plain, *fast)]
    assert names[:2] == names[2:]
    for a, b in zip(gradients(*plain), gradients(*fast), strict=True):
        assert torch.allclose(a, b, rtol=1e-9, atol=1e-12)


def trained(recipe, switch, steps, augmentation=None, **options) -> dict[str, Tensor]:
    """The tensors of a small training with this switch."""
    pictures = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
    small = recipes.named(recipe, size=32, width=4, batch=4, **options)
    small = small.model_copy(update={"augmentation": augmentation})
    compute = Compute(torch.device("cpu"), "fp32")
    batches = ImageBatches(pictures, compute.device, 0)
    trainer = Trainer(small, TrainState.fresh(small, compute), batches, compute)
    switch(trainer, None)
    for _ in range(steps):
        trainer.step()
    assert trainer.state.images_seen == 4 * steps
    return trainer.state.tensors()


@pytest.mark.parametrize("recipe", ["standard", "dcgan"])
@pytest.mark.parametrize("name", ["drawn_inside", "together"])
@pytest.mark.parametrize("options", [{}, {"mirror": False}, {"augmentation": Jitter()}])
def test_what_is_recorded_besides_gives_the_same_training(switches, recipe, name, options):
    plain = trained(recipe, lambda *_: None, 8, **options)
    switched = trained(recipe, partial(getattr(switches, name), record=record), 8, **options)
    for key, tensor in plain.items():
        assert torch.equal(tensor, switched[key]), key


@pytest.mark.parametrize("recipe", ["standard", "dcgan"])
def test_real_and_generated_pictures_may_pass_together(switches, recipe):
    plain, together = (trained(recipe, switch, 3) for switch in (lambda *_: None, switches.joined))
    assert plain.keys() == together.keys()
    for name, tensor in plain.items():
        assert torch.allclose(tensor, together[name], rtol=1e-3, atol=1e-5), name
