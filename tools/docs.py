"""A hook of MkDocs (mkdocs.yml): what the site shows besides docs/, and how its links lead there.

The documents keep the form in which they are read in the repository. When the site is built,

- README, changelog, labs, model cards and the log of measurements become pages of it,
- each package gets a page of what its docstrings say,
- a link between files becomes one between their pages; where a file has no page, its words stay,
- equations ($...$) become MathML, which a browser sets by itself.
"""

import html
import json
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

import kaogan

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "kaogan"

PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "benchmarks/LOG.md": "benchmarks/log.md",
    "labs/README.md": "labs/index.md",
    **{
        f"src/kaogan/zoo/{card.parent.name}/README.md": f"zoo/{card.parent.name}.md"
        for card in PACKAGE.glob("zoo/*/README.md")
    },
}
"""Files outside docs/ and their pages."""

NOTEBOOKS = {
    f"labs/notebooks/{file.name}": f"labs/{file.stem}.md"
    for file in sorted(ROOT.glob("labs/notebooks/*.ipynb"))
}

SCRIPTS = {f"labs/{Path(page).stem}.py": page for page in NOTEBOOKS.values()}
"""The labs' sources: a link to one leads to its page as well."""

HOMES = PAGES | NOTEBOOKS | SCRIPTS

PYTHON = ("losses", "models", "training", "metrics", "latent", "data", "export", "report")
"""Packages with a page of their own; `kaogan` and `contracts` have one besides."""

CODE = re.compile(r"(^```.*?^```$|`[^`\n]+`)", re.M | re.S)
LINK = re.compile(
    r"(?P<image>!?)\[(?P<words>[^\]]*)\]\((?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?\)"
)
MATH = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.S)
CELL_CODE = re.compile(r"<td[^>]*><code>[^<]*</code>")

SPACING = (
    (r"<mi>&#x0007E;</mi>", "<mo>&#x223C;</mo>"),
    (r"(<mi>(?:log|sin)</mi>)(?!<mo stretchy)", r'\1<mspace width="0.17em"/>'),
    (r"<msub>(<mo>(?:min|max)</mo><mi>\w</mi>)</msub>", r"<munder>\1</munder>"),
)
"""Where latex2mathml leaves the space out that belongs around a relation and after a function."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that do not lie in docs/."""
    contents = {page: (ROOT / file).read_text(encoding="utf-8") for file, page in PAGES.items()}
    contents |= {page: notebook_page(ROOT / file) for file, page in NOTEBOOKS.items()}
    contents |= {f"python/{name}.md": text for name, text in python_pages()}
    for file in NOTEBOOKS:
        files.append(File.generated(config, file, abs_src_path=str(ROOT / file)))
    for page, content in contents.items():
        files.append(File.generated(config, page, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Let links between files lead to their pages."""
    here = page.file.src_uri
    if here == "index.md":
        page.meta["hide"] = ["navigation"]  # it would be a list of one
    origins = {target: file for file, target in (PAGES | NOTEBOOKS).items()}
    origin = origins.get(here, f"docs/{here}")
    pieces = CODE.split(markdown)
    pieces[::2] = [
        LINK.sub(lambda found: linked(found, origin, here), text) for text in pieces[::2]
    ]
    return "".join(pieces)


def on_page_content(html_text: str, **_: Any) -> str:
    """Set equations, and the pipes in tables of options."""

    def typeset(found: re.Match[str]) -> str:
        display = "block" if found[1] == "div" else "inline"
        equation = str(convert(html.unescape(found[2]), display=display))
        for pattern, better in SPACING:
            equation = re.sub(pattern, better, equation)
        return equation

    # In a table GitHub wants a pipe escaped even in code; here the backslash would be seen.
    unescaped = CELL_CODE.sub(lambda found: found[0].replace("\\|", "|"), html_text)
    return MATH.sub(typeset, unescaped)


def linked(found: re.Match[str], origin: str, here: str) -> str:
    """A link of the file `origin` as the page `here` needs it."""
    if found["target"].startswith(("https:", "http:")):
        return found[0]
    file = posixpath.normpath(posixpath.join(posixpath.dirname(origin), found["target"]))
    if file in HOMES:
        target = HOMES[file]
    elif file.startswith("docs/"):
        target = file.removeprefix("docs/")
    elif (ROOT / file).exists():
        return found["words"]
    else:
        return found[0]  # wrong, or within the site: MkDocs says which
    relative = posixpath.relpath(target, posixpath.dirname(here) or ".")
    return f"{found['image']}[{found['words']}]({relative}{found['anchor'] or ''})"


def notebook_page(notebook: Path) -> str:
    """A lab as a page: its words, its code, and what the code prints and draws."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    if "colab-badge" in "".join(cells[0]["source"]):
        del cells[0]
    title, _, rest = "".join(cells[0]["source"]).partition("\n")
    note = (
        "*This page is a notebook to read. To run it, take "
        f"[{notebook.name}](notebooks/{notebook.name}){{ download }} "
        "to Jupyter or Colab, as [the labs](index.md) say.*"
    )
    blocks = [title, note, rest]
    for cell in cells[1:]:
        source = "".join(cell["source"]).strip()
        code = cell["cell_type"] == "code"
        blocks.append(f"```python\n{source}\n```" if code else source)
        blocks += [shown(output) for output in cell.get("outputs", ())]
    return "\n\n".join(blocks) + "\n"


def shown(output: dict[str, Any]) -> str:
    """What a cell printed or drew; nothing of progress bars and messages."""
    for kind, content in output.get("data", {}).items():
        if kind.startswith("image/"):
            data = "".join(content).strip()
            return f'<img alt="what this code draws" src="data:{kind};base64,{data}">'
    text = output["text"] if output.get("name") == "stdout" else []
    return f"```text\n{''.join(text)}\n```" if text else ""


def python_pages() -> Iterator[tuple[str, str]]:
    """The reference of the code: a page for the public names, and one for each package."""
    names = [name for name in kaogan.__all__ if name in kaogan._HOMES]
    # Links to these names lead to the pages of their packages, where they stand as well.
    second = "\n    options:\n      skip_local_inventory: true"
    public = [f"::: {kaogan._HOMES[name]}.{name}{second}" for name in names]
    intro = (
        "`import kaogan` brings these names; each loads what it needs when first used. "
        "What they do in a line each stands in the [reference](../reference.md#python)."
    )
    recipes = ["::: kaogan.recipes", "::: kaogan.errors"]
    yield "kaogan", "\n\n".join(["# kaogan", intro, *public, *recipes])
    yield "contracts", "\n\n".join(["# Contracts", "::: kaogan.contracts", "::: kaogan.registry"])
    for package in PYTHON:
        folder = PACKAGE / package
        modules = sorted(
            ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
            for file in folder.rglob("*.py")
            if not file.stem.startswith("_")
        )
        (summary, *_) = (folder / "__init__.py").read_text(encoding="utf-8").strip('"').split('"""')
        blocks = [f"# kaogan.{package}", summary, *(f"::: {module}" for module in modules)]
        yield package, "\n\n".join(blocks)
