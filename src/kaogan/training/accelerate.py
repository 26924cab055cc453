"""Faster rounds on a GPU, with the same result: compiled networks."""

import copy
from typing import cast

import torch
from torch import nn

from kaogan.training.journal import Journal
from kaogan.training.trainer import Trainer


def accelerate(trainer: Trainer, journal: Journal) -> None:
    """Make the trainer's rounds faster where that works; where not, say so and go on."""
    compile_networks(trainer, journal)


def compile_networks(trainer: Trainer, journal: Journal) -> None:
    """Let torch.compile speed both networks up; if it cannot, say so in a line and go on."""
    state = trainer.state
    tensors = {key: tensor.clone() for key, tensor in state.tensors().items()}
    numbers = copy.deepcopy(state.numbers())
    try:
        trainer.generator = cast(nn.Module, torch.compile(state.generator))
        trainer.discriminator = cast(nn.Module, torch.compile(state.discriminator))
        trainer.step()  # compiles, and shows that the result runs
    except Exception as error:
        trainer.generator, trainer.discriminator = state.generator, state.discriminator
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        journal.say(f"note: torch.compile does not work here ({reason[:120]}); training without it")
    finally:
        state.discriminator.requires_grad_(True)
        state.restore(tensors, numbers)
