"""The model card beside exported weights: a description of the generator in README.md.

After Mitchell et al., "Model Cards for Model Reporting" (FAT* 2019), as far as a program can write
it. Intended users and uses are for the maker of the generator to add.
"""

from pathlib import Path

from kaogan import plugins
from kaogan.export.describe import figures, parameters
from kaogan.export.network import Network
from kaogan.files import write_text
from kaogan.version import __version__

NAME = "README.md"

SIGN = "<!-- Written by kaogan export, which writes it anew; without this line it does not. -->"


def write_card(network: Network, weights: Path) -> Path | None:
    """Write the card of a generator beside its weights.

    If there is a README.md that kaogan did not write, it stays, and the result is None.
    """
    file = weights.with_name(NAME)
    if file.exists() and SIGN not in file.read_text(encoding="utf-8", errors="replace"):
        return None
    write_text(file, card_of(network, weights.name))
    return file


def card_of(
    network: Network, weights: str, title: str | None = None, top: str = SIGN, more: str = ""
) -> str:
    """The card, in Markdown.

    Args:
        network: the generator.
        weights: how `kaogan.open_generator` is told of it: the file's name, or hf:USER/NAME.
        title: None: the name of the training, or of the file.
        top: what stands above the title.
        more: sections between the facts and the code.

    """
    model, origin = network.model, network.origin
    name = title or (origin.name if origin else Path(weights).stem)
    kind = "grey" if network.channels == 1 else "colour"
    files = [record["name"] for record in plugins.records(plugins.used_by([model]))]
    loading = "".join(
        f'kaogan.plugins.load("{name}")  # the code of the network\n' for name in files
    )
    table = "\n".join(f"| {what} | {words} |" for what, words in rows(network))
    return f"""{top}
# {name}

A {model.name} generator: it draws {kind} pictures of {network.size}×{network.size} pixels
out of random numbers. Written by kaogan {__version__}.

| | |
|---|---|
{table}
{more}
## Draw with it

```python
import kaogan{".plugins" if files else ""}

{loading}generator = kaogan.open_generator("{weights}")
pictures = generator.sample(16, seed=0)
kaogan.to_pil(kaogan.grid(pictures)).save("pictures.png")
```

`generator.sampler.generator` is the network. It maps latents N×{model.latent_dim} from N(0, 1) to
pictures N×{network.channels}×{network.size}×{network.size}, from -1 to 1.

## Limits

- It draws what its training pictures show and nothing else, with their imbalances.
- Whoever made the training pictures may have rights in them: see their licence before you share
  or sell what is drawn.
- Single pictures can be malformed, and can be near copies of training pictures: the command
  `kaogan evaluate` tells.
"""


def rows(network: Network) -> list[tuple[str, str]]:
    """The known facts, name and value."""
    model, origin = network.model, network.origin
    fields = model.model_dump(exclude={"name"})
    known = [
        ("Network", f"{model.name} generator, {parameters(network.module):,} parameters"),
        ("Its model", ", ".join(f"{key} {value}" for key, value in fields.items())),
    ]
    if origin is None:
        return known
    if data := origin.dataset:
        known.append(("Data", f"{data['name']}, {data['pictures']:,} training pictures"))
    recipe = origin.recipe
    seen = "" if origin.images_seen is None else f"{origin.images_seen:,} images seen, "
    terms = " and ".join(penalty.name for penalty in recipe.penalties)
    loss = f"loss {recipe.loss.name}{' with ' if terms else ''}{terms}"
    loss += f", Adam {recipe.lr:g} ({recipe.beta1:g}, {recipe.beta2:g})"
    known.append(("Training", f"{seen}batch {recipe.batch}, {loss}, seed {recipe.seed}"))
    if quality := figures(origin.quality):
        words = ", ".join(f"{key} {value:.4g}" for key, value in quality.items())
        known.append(("Quality", f"{words}, on held-out pictures"))
    return known
