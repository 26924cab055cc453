"""Make the notebooks in labs/notebooks out of the percent scripts in labs:

    python tools/labs.py                        write them; keep the outputs of what did not change
    make labs && python tools/labs.py --ran build/labs      take the outputs of this run

The scripts are the source. The notebooks are what Colab opens and a code host shows. The address of
this repository is filled in, and a badge with it put in front. A notebook's outputs belong to its
code: if a line of code changes, they are dropped until the lab has run again. Pictures are kept at
a small size.
"""

import argparse
import base64
import io
import tomllib
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode
from PIL import Image, ImageSequence

ROOT = Path(__file__).parent.parent
LABS = ROOT / "labs"
NOTEBOOKS = LABS / "notebooks"

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ADDRESS = PROJECT.get("urls", {}).get("Repository", "ADDRESS")
"""Where this repository is published, https://github.com/OWNER/NAME: Repository in pyproject.toml.
Until that is set, README's word for it, and there are no badges."""

COLAB = "https://colab.research.google.com/github"
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"

WIDTH = 520
"""Pixels of the widest picture that is kept."""
QUALITY = 66
"""Of its JPEG."""
PLOT = 10_000
"""A picture with more colours is no plot."""
FRAMES = 8
"""Of a film that is kept."""


def badge(name: str) -> str:
    """Markdown that opens a lab in Colab."""
    opened = ADDRESS.replace("https://github.com", COLAB)
    return f"[![Open in Colab]({BADGE})]({opened}/blob/main/labs/notebooks/{name}.ipynb)"


def notebook(script: Path) -> NotebookNode:
    """The notebook of a script, without outputs: the same script gives the same notebook."""
    made = jupytext.reads(script.read_text(encoding="utf-8"), fmt="py:percent")
    if ADDRESS != "ADDRESS":
        made.cells.insert(0, nbformat.v4.new_markdown_cell(badge(script.stem)))
    for number, cell in enumerate(made.cells):
        cell.id = f"cell-{number}"
        cell.source = cell.source.replace("git+ADDRESS", f"git+{ADDRESS}")
    made.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nbformat.validate(made)
    return made


def code(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that compute. The installing cell contains the address and has no output."""
    cells = (cell for cell in notebook.cells if cell.cell_type == "code")
    return [cell for cell in cells if "install" not in cell.metadata.get("tags", [])]


def with_outputs(made: NotebookNode, ran: NotebookNode) -> NotebookNode:
    """A notebook with the outputs of one that ran, if their code is the same."""
    if [cell.source for cell in code(made)] == [cell.source for cell in code(ran)]:
        for cell, source in zip(code(made), code(ran), strict=True):
            cell.execution_count, cell.outputs = source.execution_count, source.outputs
    return made


def small(output: NotebookNode) -> NotebookNode:
    """An output with a small picture, and nothing of it that changes with each run."""
    output.get("metadata", {}).clear()
    output.pop("transient", None)
    data = output.get("data", {})
    for kind, shrink in (("image/png", small_picture), ("image/gif", small_film)):
        if kind in data:
            made, content = shrink(Image.open(io.BytesIO(base64.b64decode(data[kind]))))
            output.data = {made: base64.b64encode(content).decode()}
    if "text/html" in data:  # a progress bar, a table
        data.pop("text/plain", None)
    return output


def small_picture(picture: Image.Image) -> tuple[str, bytes]:
    """A picture as JPEG, or a plot, which has few colours, as PNG; not wider than WIDTH."""
    picture = picture.convert("RGB")
    plot = picture.getcolors(PLOT) is not None
    if picture.width > WIDTH:
        height = round(picture.height * WIDTH / picture.width)
        picture = picture.resize((WIDTH, height), Image.Resampling.LANCZOS)
    made = io.BytesIO()
    if plot:
        picture.quantize(48, Image.Quantize.MAXCOVERAGE).save(made, "png", optimize=True)
        return "image/png", made.getvalue()
    picture.save(made, "jpeg", quality=QUALITY, optimize=True)
    return "image/jpeg", made.getvalue()


def small_film(film: Image.Image) -> tuple[str, bytes]:
    """Some frames of a film, evenly chosen, as GIF of half the width."""
    frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(film)]
    every = -(-len(frames) // FRAMES)
    size = (film.width // 2, film.height // 2)
    first, *others = (frame.resize(size, Image.Resampling.LANCZOS) for frame in frames[::every])
    made = io.BytesIO()
    duration = every * film.info.get("duration", 80)
    first.save(made, "gif", save_all=True, append_images=others, duration=duration, loop=0)
    return "image/gif", made.getvalue()


def scripts() -> list[Path]:
    """The labs, in their order."""
    return sorted(LABS.glob("[0-9]*.py"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ran", type=Path, help="folder with notebooks that `make labs` has run")
    ran = parser.parse_args().ran
    NOTEBOOKS.mkdir(exist_ok=True)
    wanted = {NOTEBOOKS / f"{script.stem}.ipynb": script for script in scripts()}
    for stale in set(NOTEBOOKS.glob("*.ipynb")) - set(wanted):
        stale.unlink()
    for target, script in wanted.items():
        made = notebook(script)
        if ran and (ran / target.name).exists():
            new = nbformat.read(ran / target.name, 4)
            for cell in code(new):
                cell.outputs = [small(output) for output in cell.outputs]
            made = with_outputs(made, new)
        elif target.exists():
            made = with_outputs(made, nbformat.read(target, 4))
        text = nbformat.writes(made)
        target.write_text(text + "\n", encoding="utf-8", newline="\n")
        words = "" if any(cell.outputs for cell in code(made)) else ", without outputs"
        print(f"{target.relative_to(ROOT)}, {len(text) / 1e3:.0f} kB{words}")


if __name__ == "__main__":
    main()
