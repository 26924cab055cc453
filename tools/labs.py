"""Make the notebooks in labs/notebooks out of the percent scripts in labs:

    python tools/labs.py

The scripts are the source; the notebooks are what Colab opens, without outputs. A first cell with
the badge is put in front, and ADDRESS, the address of this repository in README.md, is filled in.
"""

from pathlib import Path

import jupytext
import nbformat

ROOT = Path(__file__).parent.parent
LABS = ROOT / "labs"
NOTEBOOKS = LABS / "notebooks"

ADDRESS = "ADDRESS"
"""Where this repository is published, https://github.com/OWNER/NAME; until then, README's word."""

COLAB = "https://colab.research.google.com/github"
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"


def badge(name: str) -> str:
    """Markdown that opens a lab in Colab."""
    opened = ADDRESS.replace("https://github.com", COLAB)
    return f"[![Open in Colab]({BADGE})]({opened}/blob/main/labs/notebooks/{name}.ipynb)"


def notebook(script: Path) -> nbformat.NotebookNode:
    """The notebook of a script: the same script gives the same notebook."""
    made = jupytext.reads(script.read_text(encoding="utf-8"), fmt="py:percent")
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


def scripts() -> list[Path]:
    """The labs, in their order."""
    return sorted(LABS.glob("[0-9]*.py"))


def main() -> None:
    NOTEBOOKS.mkdir(exist_ok=True)
    wanted = {NOTEBOOKS / f"{script.stem}.ipynb": script for script in scripts()}
    for stale in set(NOTEBOOKS.glob("*.ipynb")) - set(wanted):
        stale.unlink()
    for target, script in wanted.items():
        text = nbformat.writes(notebook(script))
        target.write_text(text + "\n", encoding="utf-8", newline="\n")
        print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
