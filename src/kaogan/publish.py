"""`kaogan publish`: a generator as two folders, which become two repositories of the hub.

    model/    README.md (the model card), generator.safetensors, generator.onnx, pictures/,
              and directions.json and encoder.safetensors, if there are any
    space/    the page, and the README.md that makes it a static space

They hold no picture of the training data.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from kaogan.errors import KaoganError, UsageError
from kaogan.export import Onnx, Safetensors
from kaogan.export.card import NAME as CARD
from kaogan.export.card import card_of
from kaogan.export.network import Network
from kaogan.files import write_text
from kaogan.generators import TrainedGenerator
from kaogan.hub import BESIDE, GENERATOR, PREFIX, check_name
from kaogan.images import grid, write_picture
from kaogan.latent.directions import described
from kaogan.latent.encoder_file import write_encoder
from kaogan.latent_tools import directions_of, encoder_beside
from kaogan.page.making import page_of

MODEL, SPACE = "model", "space"
FACES = 64
OF_A_RUN = {"timelapse.webp": "The training as a film", "curves.png": "The training as curves"}
"""Pictures in a RUN that show no training picture, and what they are."""


@dataclass(frozen=True)
class Publication:
    """What is said of a generator beside its files.

    Args:
        repo: USER/NAME.
        licence: of the weights, as the hub names it (mit, cc-by-4.0, ...); None: none was chosen.
        data: where the training pictures come from and what their owners allow, in words.
        title: of card and page; None: the repository's NAME.
        page: is there a page?

    """

    repo: str
    licence: str | None = None
    data: str | None = None
    title: str | None = None
    page: bool = True

    def __post_init__(self) -> None:
        check_name(self.repo)
        licence = self.licence or "other"
        if not licence.replace("-", "").replace(".", "").isalnum() or licence != licence.lower():
            raise UsageError(
                f"the licence is {licence!r}; name it as the hub does, such as mit or cc-by-nc-4.0"
            )

    def write(self, generator: TrainedGenerator, folder: Path) -> None:
        """Write the folders `model` and, with a page, `space` into an empty folder.

        Raises:
            KaoganError: a format cannot hold this network, or a library is missing.

        """
        network, directions = generator.network(), directions_of(generator)
        encoder = encoder_beside(generator)
        model = folder / MODEL
        Safetensors().write(network, model / GENERATOR)
        Onnx().write(network, model / "generator.onnx")
        directions_file, encoder_file = (model / name for name in BESIDE)
        directions.write(directions_file)
        if encoder is not None:
            write_encoder(encoder, network.module, encoder_file, half=True)
        pictures = self._write_pictures(generator, model / "pictures")
        write_text(model / CARD, self._card(generator, network, pictures))
        if self.page:
            page = page_of(network, self._title, described(directions), encoder, "fp16")
            page.write_folder(folder / SPACE)
            write_text(folder / SPACE / CARD, self._card_of_space())

    @property
    def _title(self) -> str:
        return self.title or self.repo.partition("/")[2]

    def _write_pictures(self, generator: TrainedGenerator, folder: Path) -> dict[str, str]:
        """Write faces, and pictures of the run; returns their names and descriptions."""
        write_picture(
            grid(generator.sample(FACES)), folder / "faces.png", {"source": generator.name}
        )
        named = {"faces.png": f"{FACES} faces, of the seeds 0 to {FACES - 1}"}
        for name, words in OF_A_RUN.items():
            if generator.run is not None and (generator.run.path / name).is_file():
                shutil.copyfile(generator.run.path / name, folder / name)
                named[name] = words
        return named

    def _card(self, generator: TrainedGenerator, network: Network, pictures: dict[str, str]) -> str:
        top = f"""---
license: {self.licence or "other"}
library_name: kaogan
pipeline_tag: unconditional-image-generation
tags:
- gan
- {network.model.name}
---
"""
        shown = "\n\n".join(f"![{words}](pictures/{name})" for name, words in pictures.items())
        space = f"https://huggingface.co/spaces/{self.repo}"
        page = f"\n[A page]({space}) draws faces in the browser.\n" if self.page else ""
        weights = self.licence or "no licence was chosen; ask whoever made them before you use them"
        more = f"""
## What it draws

{shown}
{page}
## Licence

The weights: {weights}.

## Training data

{self.data or _about_data(network)}

The training pictures are not in this repository.

## On the command line

```sh
pip install 'kaogan[hub]'
kaogan sample {PREFIX}{self.repo} --out faces.png
```
"""
        return card_of(network, f"{PREFIX}{self.repo}", self._title, top, more)

    def _card_of_space(self) -> str:
        return f"""---
title: {json.dumps(self._title, ensure_ascii=False)}
emoji: 🎨
sdk: static
pinned: false
license: {self.licence or "other"}
models:
- {self.repo}
---

A generator that draws in the browser, made with kaogan. No picture leaves your machine. The model:
[{self.repo}](https://huggingface.co/{self.repo}).
"""


def _about_data(network: Network) -> str:
    """What the run knows about its data set."""
    name, summary, origin = "an unknown data set", {}, network.origin
    if origin is not None and origin.run is not None and (data := origin.dataset):
        name = f"the data set {data['name']} with {data['pictures']:,} training pictures"
        try:
            summary = dict(origin.run.dataset().summary)
        except KaoganError:
            summary = {}
    sources = ", ".join(str(source) for source in summary.get("sources", ()))
    made_of = f", made of {sources}" if sources else ""
    licence = summary.get("licence")
    rights = (
        f"The licence of the pictures is {licence}."
        if licence
        else "The licence of the pictures was not stated."
    )
    return f"The generator learned from {name}{made_of}. {rights}"
