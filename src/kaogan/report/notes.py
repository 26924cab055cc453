"""The author's own words: a Markdown file whose main headings are the sections of the report.

    # Introduction
    I chose this data because ...

    # The generator
    ![My sketch of it](sketch.png)

What stands before the first heading belongs to the summary at the top. Headings of lower levels are
the author's. Pictures are files beside the Markdown file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it.token import Token
from PIL import Image, UnidentifiedImageError

from kaogan.errors import UsageError, typed
from kaogan.report.document import parsed
from kaogan.report.pictures import Figure, Part, Picture, jpeg

LARGEST = 2**20
"""Bytes of the Markdown file."""
LARGEST_PICTURE = 40_000_000
"""Pixels of a picture."""
SUMMARY = "summary"
IMAGE = re.compile(r"^ {0,3}!\[(?P<caption>.*)\]\((?P<file>[^()]+)\)\s*$", re.M)


@dataclass(frozen=True)
class Notes:
    """Words of the author.

    Args:
        texts: Markdown by the names of sections; an empty text leaves the section as it is.
        figures: the author's pictures by name.

    """

    texts: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)


def read_notes(file: Path, sections: Mapping[str, str]) -> Notes:
    """The words in a Markdown file.

    Args:
        file: the Markdown file.
        sections: titles of the report's sections by their names.

    Raises:
        UsageError: the file or a picture cannot be read, or a main heading is no section.

    """
    try:
        content = file.read_bytes()
        if len(content) > LARGEST:
            raise UsageError(f"{typed(file)} is larger than 1 MB; --text takes a Markdown file")
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise UsageError(f"cannot read {typed(file)}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(
            f"{typed(file)} is no text in UTF-8; --text takes a Markdown file"
        ) from None
    names = {_plain(title): name for name, title in sections.items()}
    texts: dict[str, str] = {}
    figures: dict[str, Figure] = {}
    for heading, part in _parts(text):
        name = SUMMARY if heading is None else names.get(_plain(heading))
        if name is None:
            raise UsageError(
                f"{typed(file)}: the report has no section {heading!r}; its sections are "
                f"{', '.join(sections.values())}; headings of your own begin with ##"
            )
        if heading is None and not part.strip():
            continue
        own = _with_pictures(part, file, figures)
        texts[name] = "\n\n".join(filter(None, (texts.get(name), own.strip())))
    return Notes(texts, figures)


def _plain(title: str) -> str:
    """A title as it is compared: "2. The Game" and "game" are the same."""
    title = re.sub(r"^[\dA-C]{1,2}[.)]?\s+", "", title.strip()).casefold().rstrip(".:")
    return title.removeprefix("the ").strip()


def _parts(text: str) -> list[tuple[str | None, str]]:
    """Main headings, None before the first, and what is below each: lower headings from ### on."""
    lines = text.split("\n")
    parts: list[tuple[str | None, list[str]]] = [(None, [])]
    tokens = parsed(text)
    headings = {
        token.map[0]: (token, tokens[place + 1])
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map
    }
    number = 0
    while number < len(lines):
        if number in headings:
            token, inline = headings[number]
            if token.tag == "h1":
                parts.append((_words(inline), []))
            else:
                level = min(6, int(token.tag[1]) + 1)
                parts[-1][1].append(f"{'#' * level} {' '.join(inline.content.split())}")
            assert token.map is not None
            number = token.map[1]
        else:
            parts[-1][1].append(lines[number])
            number += 1
    return [(heading, "\n".join(body)) for heading, body in parts]


def _words(inline: Token) -> str:
    return "".join(child.content for child in inline.children or []).strip()


def _with_pictures(text: str, file: Path, figures: dict[str, Figure]) -> str:
    """The text with its pictures as figures, which are added to `figures`."""

    def figure(match: re.Match[str]) -> str:
        name = f"own-{len(figures) + 1}"
        picture = _picture(file, match["file"].strip(), match["caption"])
        figures[name] = Figure((Part(picture),), as_it_is=True)
        return f"\n![{match['caption']}](figure:{name})\n"

    return IMAGE.sub(figure, text)


def _picture(file: Path, name: str, caption: str) -> Picture:
    if "://" in name:
        raise UsageError(
            f"{typed(file)}: {name} is an address; save the picture beside the file and name it"
        )
    path = file.parent / name
    try:
        with Image.open(path) as opened:
            if opened.width * opened.height > LARGEST_PICTURE:
                raise UsageError(f"{typed(file)}: {name} has more than 40 million pixels")
            return jpeg(_on_white(opened), caption or name)
    except (UnidentifiedImageError, Image.DecompressionBombError):
        raise UsageError(f"{typed(file)}: {name} is no picture that can be read") from None
    except OSError as error:
        why = error.strerror or "it is damaged"
        raise UsageError(f"{typed(file)}: cannot read {name}: {why}") from None


def _on_white(picture: Image.Image) -> Image.Image:
    """A picture in colour, with white where it is transparent."""
    picture = picture.convert("RGBA")
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture).convert("RGB")
