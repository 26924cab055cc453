"""The Inception network of 2015-12-05. Only with its features is the Fréchet distance the FID.

Szegedy et al., "Rethinking the Inception Architecture for Computer Vision" (CVPR 2016), trained by
its authors; Heusel et al. 2017 chose its 2048 pooled features. Other trainings of the same network,
such as torchvision's, give other values. Two equivalent conversions are in use:

    inception-2015-12-05.pt                       NVIDIA's TorchScript; needs no other package
    weights-inception-2015-12-05-6726825d.pth     torch-fidelity's weights; needs torch-fidelity
"""

import os
import tempfile
from functools import partial
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor

from kaogan.errors import KaoganError
from kaogan.metrics.features.base import Extractor, Network, extractors
from kaogan.metrics.features.torchscript import probe, read_script
from kaogan.metrics.features.weights import WeightsFile, download, find_cached, identify

SCRIPT = WeightsFile(
    "inception-2015-12-05.pt",
    "f58cb9b6ec323ed63459aa4fb441fe750cfe39fafad6da5cb504a16f19e958f4",
    "https://nvlabs-fi-cdn.nvidia.com/stylegan2-ada-pytorch/pretrained/metrics/"
    "inception-2015-12-05.pt",
)
STATE = WeightsFile(
    "weights-inception-2015-12-05-6726825d.pth",
    "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
    "weights-inception-2015-12-05-6726825d.pth",
)
VARIABLE = "KAOGAN_INCEPTION"
RESIZE = "299 x 299, bilinear as in TensorFlow 1, not antialiased"


@extractors.register("inception")
def load_inception(device: torch.device, weights: Path | None) -> Extractor:
    """The network from `weights`, `$KAOGAN_INCEPTION`, a usual cache, or downloaded; in this order.

    Raises KaoganError if it is not found or wrong, or needs torch-fidelity and that is missing.
    """
    files = (SCRIPT, STATE)
    given = weights or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    path = given or find_cached(files) or download(SCRIPT)
    file = identify(path, files, "the Inception network of 2015-12-05")
    if file == SCRIPT:
        script = read_script(path, device)
        network: Network = partial(script, return_features=True)
    else:
        network = _torch_fidelity(path, device)
    dim = probe(network, path, device)
    return Extractor("inception", dim, file.sha256, RESIZE, network, device)


def _torch_fidelity(path: Path, device: torch.device) -> Network:
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except (ImportError, RuntimeError) as error:  # RuntimeError: torchvision for another torch
        raise KaoganError(
            f"{path.name} needs torch-fidelity ({error}): pip install 'kaogan[fid]'; or use "
            f"{SCRIPT.name}, which needs nothing"
        ) from None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError:
        raise KaoganError(f"{path} is damaged: it holds more than weights") from None
    # torch-fidelity unpickles its file. So it gets a copy that contains only tensors.
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / STATE.name
        torch.save(state, copy)
        network = FeatureExtractorInceptionV3("inception", ["2048"], str(copy)).to(device)

    def features(pictures: Tensor) -> Tensor:
        (pooled,) = network(pictures)
        return torch.as_tensor(pooled)

    return features
