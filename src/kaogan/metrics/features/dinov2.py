"""DINOv2, trained on far more than ImageNet: FD-DINOv2 of the literature.

Oquab et al., "DINOv2: Learning Robust Visual Features without Supervision" (TMLR 2024). Stein et
al., "Exposing flaws of generative model evaluation metrics and their unfair treatment of diffusion
models" (NeurIPS 2023), recommend it in place of Inception: ViT-L/14, the class token, 224 pixels.
The network is that of the transformers library.
"""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from kaogan.errors import KaoganError
from kaogan.metrics.features.base import Extractor, extractors
from kaogan.metrics.features.weights import sha256_of

REPOSITORY, FILE = "facebook/dinov2-large", "model.safetensors"
LARGE = {
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "patch_size": 14,
    "image_size": 518,  # of its training; position embeddings are interpolated
}
SIZE = 224
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, as in its training


@extractors.register("dinov2")
def load_dinov2(device: torch.device, weights: Path | None) -> Extractor:
    """The network with `weights`, or those in the Hugging Face cache, or downloaded ones.

    Raises KaoganError if transformers is not installed, or weights are missing or wrong.
    """
    try:
        import transformers
    except ImportError:
        raise KaoganError("dinov2 needs transformers: pip install 'kaogan[dinov2]'") from None
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    path = weights or _download()
    checksum = sha256_of(path)
    vit = _read(transformers, path).to(device)
    mean, deviation = (
        torch.tensor(values, device=device)[:, None, None] for values in (MEAN, DEVIATION)
    )

    def network(pictures: Tensor) -> Tensor:
        resized = functional.interpolate(
            pictures.float() / 255, (SIZE, SIZE), mode="bicubic", antialias=True
        )
        class_token: Tensor = vit((resized.clamp(0, 1) - mean) / deviation).pooler_output
        return class_token

    dim: int = vit.config.hidden_size
    resize = f"{SIZE} x {SIZE}, bicubic, antialiased"
    return Extractor("dinov2", dim, checksum, resize, network, device)


def _download() -> Path:
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(REPOSITORY, FILE))
    except Exception as error:  # no network, no file, no disk: each in several ways
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise KaoganError(
            f"dinov2's weights are not on this machine and could not be downloaded ({reason}); "
            f"get {FILE} of {REPOSITORY} from the Hugging Face hub and give --features-weights "
            f"{FILE}, or use --features random, which needs no file"
        ) from None


def _read(transformers: Any, path: Path) -> Any:
    """The network with the weights in a file; the library renames the keys of older releases."""
    try:
        vit, found = transformers.Dinov2Model.from_pretrained(
            None,
            config=transformers.Dinov2Config(**LARGE),
            state_dict=load_file(path),
            output_loading_info=True,
        )
        if found["missing_keys"]:
            raise ValueError
    except (SafetensorError, RuntimeError, ValueError):
        raise KaoganError(
            f"{path} is damaged, or not the {FILE} of {REPOSITORY}; download it again"
        ) from None
    return vit.eval().requires_grad_(False)
