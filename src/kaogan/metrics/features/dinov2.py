"""DINOv2, a modern extractor that has seen far more than ImageNet: FD-DINOv2 of the literature.

Oquab et al., "DINOv2: Learning Robust Visual Features without Supervision" (TMLR 2024). Stein et
al., "Exposing flaws of generative model evaluation metrics and their unfair treatment of diffusion
models" (NeurIPS 2023) recommend it in place of Inception: ViT-L/14, the class token, 224 pixels.
The network is timm's.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from kaogan.errors import KaoganError
from kaogan.metrics.features.base import Extractor, extractors

MODEL = "vit_large_patch14_dinov2.lvd142m"
SIZE = 224
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, as in its training


@extractors.register("dinov2")
def load_dinov2(device: torch.device, weights: Path | None) -> Extractor:
    """The network with `weights` (timm's `model.safetensors`), else timm's own, downloaded once.

    Raises:
        KaoganError: timm is not installed, or the weights are not there or do not fit.

    """
    try:
        import timm
    except ImportError:
        raise KaoganError("dinov2 needs timm: pip install 'kaogan[dinov2]'") from None
    given = {} if weights is None else {"file": str(weights)}
    try:
        vit = timm.create_model(
            MODEL, pretrained=True, num_classes=0, img_size=SIZE, pretrained_cfg_overlay=given
        )
    except Exception as error:  # timm's downloads and files go wrong in many ways
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise KaoganError(
            f"no weights for dinov2 ({reason}); download model.safetensors of timm/{MODEL} from "
            "the Hugging Face hub and give --features-weights model.safetensors, or use "
            "--features random, which needs no file"
        ) from None
    vit = vit.eval().requires_grad_(False).to(device)
    mean, deviation = (
        torch.tensor(values, device=device)[:, None, None] for values in (MEAN, DEVIATION)
    )

    def network(pictures: Tensor) -> Tensor:
        resized = functional.interpolate(
            pictures.float() / 255, (SIZE, SIZE), mode="bicubic", antialias=True
        )
        features: Tensor = vit((resized.clamp(0, 1) - mean) / deviation)
        return features

    return Extractor(
        "dinov2",
        int(vit.num_features),
        checksum_of(vit.state_dict()),
        f"{SIZE} x {SIZE}, bicubic, antialiased",
        network,
        device,
    )


def checksum_of(state: Mapping[str, Tensor]) -> str:
    """The SHA-256 over names and values of all tensors, whatever file they came in."""
    digest = hashlib.sha256()
    for name, tensor in sorted(state.items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
