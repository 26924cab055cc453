import copy

import torch

from kaogan.latent.fingerprint import fingerprint
from kaogan.models import DCGAN


def test_equal_networks_have_one_fingerprint_and_any_change_is_seen():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        one = DCGAN(size=32, width=4).generator()
    other = copy.deepcopy(one).to(memory_format=torch.channels_last)
    assert fingerprint(one) == fingerprint(other)
    other.layers[1].running_mean[0] += 1e-6
    assert fingerprint(one) != fingerprint(other)
