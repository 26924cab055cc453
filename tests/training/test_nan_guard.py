"""Numbers that are none end an attempt."""

import math

import pytest
import torch
from toys import points_trainer

from kaogan.training.callbacks.nan_guard import Diverged, NaNGuard

ROW = {"images_seen": 8, "loss_d": 1.0, "loss_g": 1.0, "d_real": 0.5, "d_fake": 0.5}


@pytest.mark.parametrize("key", ["loss_d", "loss_g", "d_real"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_ends_the_attempt(key, value):
    NaNGuard().listen(points_trainer(), ROW)
    with pytest.raises(Diverged, match="after 8 images"):
        NaNGuard().listen(points_trainer(), ROW | {key: value})


def test_a_weight_that_is_no_number_is_found_at_the_end():
    trainer = points_trainer()
    NaNGuard().finish(trainer)
    with torch.no_grad():
        next(trainer.state.ema.parameters())[0, 0] = math.nan
    with pytest.raises(Diverged, match="a weight became NaN"):
        NaNGuard().finish(trainer)
