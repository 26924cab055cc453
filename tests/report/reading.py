"""Reading an HTML file strictly: what is opened is closed, and what is linked is there."""

from html.parser import HTMLParser

VOID = {"meta", "link", "img", "input", "br", "hr"}
SVG_EMPTY = {"line", "circle", "polyline", "rect", "path", "image", "mspace"}


class Reader(HTMLParser):
    """Collects elements; complains about tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in SVG_EMPTY, f"<{tag}/> does not close itself in HTML"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1] == tag, f"</{tag}> closes <{self._open[-1]}>"
        self._open.pop()

    def handle_data(self, data):
        if not self._open or self._open[-1] not in ("script", "style"):
            self.words += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def attribute(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.elements if name in attributes]
