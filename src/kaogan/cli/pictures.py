"""Writing pictures that say how they were made."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kaogan.files import atomic_file

if TYPE_CHECKING:
    from kaogan.images import Pixels


def write_png(picture: "Pixels", file: Path, about: Mapping[str, object]) -> None:
    """Write a PNG whose metadata (`kaogan:KEY`) say how to make it again."""
    from PIL.PngImagePlugin import PngInfo

    from kaogan.images import to_pil
    from kaogan.version import __version__

    info = PngInfo()
    info.add_text("Software", f"kaogan {__version__}")
    for key, value in about.items():
        info.add_text(f"kaogan:{key}", str(value))
    with atomic_file(file) as partial:
        to_pil(picture).save(partial, format="PNG", pnginfo=info)
