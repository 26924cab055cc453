"""Make the pictures in docs/images out of runs and the generators that come with kaogan:

    python tools/doc_images.py runs/faces-64 runs/demo data/avatars-64

Nothing of the pictures that faces-64 learned from gets in: real pictures are shown for the drawn
avatars only. The picture of the page is taken with Chromium.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

import kaogan
from kaogan.cli import main as kaogan_main
from kaogan.data.show import save_contact_sheet
from kaogan.training.callbacks.samples import faces_in_grid
from kaogan.training.callbacks.timelapse import write_small

IMAGES = Path(__file__).parent.parent / "docs" / "images"
FILM_ROWS = 3
GAP = 19
DRAWN_AFTER = 6000
"""Milliseconds after which the page has drawn its faces."""


def main(faces_run: str, demo_run: str, avatars: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name in ("faces-64", "avatars-64"):
        faces = kaogan.pretrained(name).sample(faces_in_grid(64))
        kaogan.to_pil(kaogan.grid(faces)).save(IMAGES / f"{name}.png", optimize=True)
    save_contact_sheet(kaogan.open_dataset(avatars), IMAGES / "avatars.png")
    shutil.copy(Path(faces_run) / "curves.png", IMAGES / "curves.png")
    shutil.copy(Path(demo_run) / "real-and-generated.png", IMAGES / "real-and-generated.png")
    write_film(Path(faces_run) / "samples", IMAGES / "timelapse.webp")
    with tempfile.TemporaryDirectory() as folder:
        write_hair(Path(folder), IMAGES / "hair.webp")
        write_page(Path(folder), IMAGES / "page.webp")


def write_hair(folder: Path, target: Path) -> None:
    """One face in every colour of hair."""
    plan, axes = folder / "hair.png", "hair-redness,hair-yellowness"
    run_command("walk", "--pretrained", "faces-64", "--axes", axes, "--out", str(plan))
    with Image.open(plan) as picture:
        picture.convert("RGB").save(target, quality=88, method=6)


def write_page(folder: Path, target: Path) -> None:
    """The page, on a desktop and on a phone in the dark."""
    page, views = folder / "page.html", []
    options = ["--pretrained", "faces-64", "--format", "page", "--single-file"]
    run_command("export", *options, "--out", str(page))
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for width, colours, address in (
            (1280, "light", "#face?seed=4"),
            (370, "dark", "#face?seed=7"),
        ):
            tab = browser.new_page(
                viewport={"width": width, "height": 800},
                color_scheme=colours,  # type: ignore[arg-type]
            )
            tab.goto(page.as_uri() + address)
            tab.wait_for_timeout(DRAWN_AFTER)
            tab.screenshot(path=folder / "view.png")
            with Image.open(folder / "view.png") as view:
                views.append(view.convert("RGB"))
        browser.close()
    both = Image.new("RGB", (sum(view.width for view in views) + GAP, 800), "white")
    both.paste(views[0], (0, 0))
    both.paste(views[1], (views[0].width + GAP, 0))
    both.save(target, quality=88, method=6)


def run_command(*words: str) -> None:
    if kaogan_main(words):
        raise SystemExit(f"kaogan {' '.join(words)} failed")


def write_film(samples: Path, target: Path) -> None:
    """The first rows of the sample grids, as a small film."""
    frames = []
    for file in sorted(samples.glob("*-ema.png")):
        with Image.open(file) as picture:
            rows = picture.convert("RGB").crop((0, 0, picture.width, 66 * FILM_ROWS + 2))
        frames.append(np.asarray(rows))
    write_small(frames, target)


if __name__ == "__main__":
    main(*sys.argv[1:])
