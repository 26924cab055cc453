"""The identity of a generator: encoders and directions belong to one generator only."""

import hashlib

import numpy as np
from torch import nn


def fingerprint(network: nn.Module) -> str:
    """The SHA-256 of a network's weights and averages: names, shapes and values, in hexadecimal.

    It is computed from the values in memory, whatever precision the file has.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        values = np.ascontiguousarray(tensor.detach().cpu().numpy())
        digest.update(f"{name} {values.dtype} {values.shape}\n".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()
