"""Single picture files, prepared as for a data set."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kaogan.data.decode import Preparation, decode
from kaogan.data.reasons import Rejected
from kaogan.data.sources.folder import Picture
from kaogan.errors import KaoganError
from kaogan.images import Pixels


def read_pictures(files: Sequence[Path], size: int, channels: int) -> Pixels:
    """Read pictures (N x H x W x C, uint8) and bring their middle squares to this size.

    Raises:
        KaoganError: a file holds no usable picture.

    """
    preparation = Preparation(size, channels, min_size=1)
    pixels = []
    for file in files:
        try:
            (item,) = Picture().items(file)
            pixels.append(decode(item.content, preparation).pixels)
        except Rejected as why:
            detail = f" ({why.detail})" if why.detail else ""
            raise KaoganError(f"{file}: {why.reason}{detail}; give another picture") from None
    return np.stack(pixels)
