"""Nearest neighbours, and what they say about copying: does the generator repeat what it saw?"""

import torch
from jaxtyping import Float64, Int64, Real
from torch import Tensor

from kaogan.metrics.points import CHUNK, distance_blocks


def nearest(
    queries: Real[Tensor, "N F"], references: Real[Tensor, "M F"], chunk: int = CHUNK
) -> tuple[Float64[Tensor, "N"], Int64[Tensor, "N"]]:
    """The Euclidean distance of each query to its nearest reference, and which one that is.

    Points may be features, or pixels as they are: `pictures.flatten(1)` of uint8.

    Raises:
        ValueError: there are no references, or no queries.

    """
    if len(queries) == 0 or len(references) == 0:
        raise ValueError(f"{len(queries)} queries and {len(references)} references: none is near")
    found = [distances.min(dim=1) for _, distances in distance_blocks(queries, references, chunk)]
    return torch.cat([each.values for each in found]), torch.cat([each.indices for each in found])


def copy_rate(
    generated: Real[Tensor, "N"], held_out: Real[Tensor, "K"], quantile: float = 0.01
) -> float:
    """The share of generated pictures nearer to a training picture than new real pictures are.

    Both arguments are distances to the nearest training picture, by `nearest`: those of generated
    pictures, and those of real pictures that were held out. "Nearer" means below the `quantile` of
    the latter, so a generator that draws as nature does has a rate of `quantile`, and one that
    repeats its training set a rate of 1. The idea of comparing these two distances is that of
    Meehan et al., "A Non-Parametric Test to Detect Data-Copying in Generative Models" (AISTATS
    2020). In pixels, blurred pictures are near to everything: look at pictures too.

    Raises:
        ValueError: too few held-out pictures for this quantile (below 1 / quantile), or no
            generated ones.

    """
    if not 0 < quantile < 1 or len(held_out) * quantile < 1:
        raise ValueError(f"{len(held_out)} held-out pictures have no quantile of {quantile:g}")
    if len(generated) == 0:
        raise ValueError("there are no generated pictures")
    usual = torch.quantile(held_out.double(), quantile)
    return float((generated.double() < usual).double().mean())
