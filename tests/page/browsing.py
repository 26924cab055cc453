"""What the tests of the page share: waiting, looking, and changing what is served."""

import base64
import json
from typing import Any

import numpy as np
from PIL import Image

from kaogan import recipes
from kaogan.export.describe import describe_losses
from kaogan.images import Pixels

Files = dict[str, bytes]
"""A page's contents by name."""


def is_ours(url: str, address: str) -> bool:
    return url.startswith((address, "blob:", "data:"))


def eventually(tab: Any, expression: str) -> Any:
    """The value of a JavaScript expression, as soon as it is true.

    (Playwright's own wait_for_function evaluates text inside the page, which the page's policy
    forbids.)
    """
    for _ in range(600):
        if value := tab.evaluate(expression):
            return value
        tab.wait_for_timeout(50)
    raise AssertionError(f"not in time: {expression}")


def unfold(tab: Any, group: str) -> None:
    """Open one of the folded parts below the face."""
    if not tab.evaluate(f"document.querySelector('#{group}').open"):
        tab.click(f"#{group} > summary")


def type_face(tab: Any, typed: str) -> None:
    """Type a seed, a latent or a link, and open it."""
    unfold(tab, "own-group")
    tab.fill("#typed", typed)
    tab.press("#typed", "Enter")


def drawn(tab: Any, selector: str) -> Pixels:
    """What is on a canvas: H x W x 3."""
    tab.wait_for_selector(f"{selector}.painted")
    width, pixels = tab.evaluate(
        """(selector) => {
            const canvas = document.querySelector(selector);
            const { width, height } = canvas;
            const context = canvas.getContext("2d");
            const { data } = context.getImageData(0, 0, width, height);
            return [width, btoa([...data].map((one) => String.fromCharCode(one)).join(""))];
        }""",
        selector,
    )
    return np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(-1, width, 4)[..., :3]


def enlarged(picture: Pixels, size: int) -> Pixels:
    """As Pillow enlarges."""
    return np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.LANCZOS))


def settled(tab: Any, selector: str, expected: Pixels) -> None:
    """Wait until a canvas shows the expected picture, to one step of 255; or two, enlarged."""
    for _ in range(100):
        seen = drawn(tab, selector)
        same = seen.shape == expected.shape
        wanted = expected if same else enlarged(expected, len(seen))
        far = np.abs(seen.astype(int) - wanted.astype(int)).max()
        if far <= (1 if same else 2):
            return
        tab.wait_for_timeout(50)
    raise AssertionError(f"{selector} differs by {far} of 255")


def training() -> dict[str, Any]:
    """What a run's page says of its training."""
    rows = [
        {"images_seen": 1000 * i, "loss_d": 1 / i, "loss_g": 2.0, "d_real": 0.8, "d_fake": 0.2}
        for i in range(1, 100)
    ]
    layer = {"network": "generator", "layer": "convolution", "shape": [3, 64, 64]}
    return {
        "images_seen": 99_000,
        "dataset": {"name": "drawn avatars", "pictures": 3000},
        "loss": "nonsaturating",
        "losses": describe_losses(recipes.dcgan()),
        "batch": 16,
        "lr": 0.0004,
        "parameters": {"generator": 1_102_176, "discriminator": 700_000},
        "layers": [layer | {"parameters": 1536}],
        "curves": rows,
        "quality": [{"images_seen": 99_000, "kid": 0.25, "density": 0.6, "coverage": 0.7}],
    }


def changed_about(page: Files, **changes: Any) -> Files:
    """The page with another about.json."""
    about = json.loads(page["model/about.json"]) | changes
    return page | {"model/about.json": json.dumps(about).encode()}
