"""Fitting a run's convolutions to the machine, once, before it starts.

A run keeps its plan (in `run.json`): another algorithm rounds differently, and a resumed run must
equal one that was never stopped. What was measured is kept in the user's cache folder, so that two
runs on one machine agree to the bit, and the second one starts at once.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import torch

from kaogan.convolutions import Plan
from kaogan.data.cache import cache_folder
from kaogan.files import write_text
from kaogan.machine import cpuinfo, processor
from kaogan.training.precision import Compute, choose_precision
from kaogan.training.recipe import Precision, Recipe


def fresh_compute(
    recipe: Recipe,
    device: torch.device,
    precision: Precision,
    tune: bool = True,
    say: Callable[[str], None] | None = None,
) -> Compute:
    """The arithmetic of a run that begins: number format and algorithms that suit the machine.

    Raises:
        UsageError: a precision that this device has not.

    """
    chosen = choose_precision(precision, device)
    if not tune:
        return Compute(device, chosen)
    return Compute(device, chosen, measured_plan(recipe, device, chosen, say=say))


def measured_plan(
    recipe: Recipe,
    device: torch.device,
    precision: Precision,
    remember: bool = True,
    say: Callable[[str], None] | None = None,
) -> Plan:
    """The fastest algorithm for every convolution of a step of this recipe on this machine.

    Both networks play once forward and once back, with the penalties; each operation on a layer
    that is not remembered is timed with every algorithm that fits.

    Args:
        recipe: networks and batch.
        device: where; plans are for CPUs, elsewhere they stay empty.
        precision: number format of the products.
        remember: use what was measured before, and keep what is measured now.
        say: told in a sentence when a measurement begins; there may be none.

    """
    plan = Plan()
    if device.type != "cpu":
        return plan
    memory = cache_folder() / "convolutions.json"
    place = f"{machine()}, batch {recipe.batch}"
    known = _recall(memory, place) if remember else {}
    compute = Compute(device, precision, plan)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator = compute.place(recipe.networks.generator())
        discriminator = compute.place(recipe.networks.discriminator())
        z = torch.randn(recipe.batch, recipe.networks.latent_dim)

    def notice(operation: str) -> None:
        if say is not None and plan.choices.keys() <= known.keys():  # it is the first
            say("measuring which algorithms suit the convolutions on this machine, once")

    with plan.learning(known, notice):
        with compute.autocast():
            fake = generator(z).float()
            logits = discriminator(fake)
        loss, x = logits.float().sum(), fake.detach()
        for penalty in recipe.terms:
            loss = loss + penalty(discriminator, x, x, torch.rand(recipe.batch))
        loss.backward()
    if remember and not plan.choices.keys() <= known.keys():
        with contextlib.suppress(OSError):  # a cache that cannot be written is no reason to stop
            _keep(memory, place, known | plan.choices)
    return plan


def machine() -> str:
    """What the speed of a product depends on: processor, threads, version of torch."""
    flags = hashlib.sha256(cpuinfo().get("flags", "").encode()).hexdigest()[:8]
    return f"{processor()} ({flags}), {torch.get_num_threads()} threads, torch {torch.__version__}"


def _recall(memory: Path, place: str) -> dict[str, str]:
    """What was measured on this machine with this batch before."""
    known = _read(memory).get(place)
    return {str(key): str(name) for key, name in known.items()} if isinstance(known, dict) else {}


def _keep(memory: Path, place: str, choices: dict[str, str]) -> None:
    memory.parent.mkdir(parents=True, exist_ok=True)
    write_text(memory, json.dumps(_read(memory) | {place: choices}, indent=2) + "\n")


def _read(memory: Path) -> dict[str, object]:
    """What the file holds, of all machines; nothing if it is missing or damaged."""
    with contextlib.suppress(OSError, ValueError):
        everything = json.loads(memory.read_text(encoding="utf-8"))
        return everything if isinstance(everything, dict) else {}
    return {}
