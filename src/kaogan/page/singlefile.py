"""The page as one HTML file, which works from the disk.

Every content lies in an element that the browser does not run:

    <script type="text/plain" data-name="model/generator.onnx">BASE64 OF GZIP</script>

The policy of the file allows one script, which makes modules out of these contents. Modules import
each other by relative names, which do not exist in a file. So each module gets an address (blob:)
after the modules that it imports.
"""

import base64
import gzip
import hashlib
import json
import posixpath
import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

POLICY = (
    "default-src 'none'; script-src '{script}' 'wasm-unsafe-eval' blob:; style-src '{style}'; "
    "img-src blob: data:; media-src blob:; connect-src blob:; worker-src blob:; "
    "base-uri 'none'; form-action 'none'"
)

IMPORT = re.compile(r"""^(?:import|export)\s*(?:[\w$*{}\s,]+\sfrom\s*)?"(\.[^"]+)";?$""", re.M)
"""A static import of another module of the page."""

BEGIN = """
const MODULES = %s;
const addresses = {};
for (const [name, imports] of MODULES) {
  const packed = document.querySelector(`script[data-name="${name}"]`).textContent;
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  let source = await new Response(stream).text();
  for (const [written, meant] of imports) {
    source = source.replaceAll(`"${written}"`, `"${addresses[meant]}"`);
  }
  addresses[name] = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
}
await import(addresses["js/main.js"]);
"""


def single_file(files: Mapping[str, bytes]) -> bytes:
    """A page's contents as one file.

    Raises:
        ValueError: the page is not written as this needs it.

    """
    style = files["style.css"].decode()
    script = BEGIN % json.dumps(module_order(files))
    policy = POLICY.format(script=source_hash(script), style=source_hash(style))
    page = files["index.html"].decode()
    page = replaced(page, r"(?<=Content-Security-Policy\" content=\")[^\"]*", policy)
    page = replaced(page, r'<link rel="stylesheet" href="style.css">', f"<style>{style}</style>")
    page = replaced(page, r'<script type="module" src="js/main.js"></script>\n?', "")
    inlined = [
        element(name, files[name]) for name in files if name not in ("index.html", "style.css")
    ]
    begin = f'<script type="module">{script}</script>'
    return replaced(page, "</body>", "\n".join([*inlined, begin, "</body>"])).encode()


def element(name: str, content: bytes) -> str:
    """A content in an element that the browser does not run."""
    packed = base64.b64encode(gzip.compress(content, 6, mtime=0)).decode()
    return f'<script type="text/plain" data-name="{name}">{packed}</script>'


def source_hash(source: str) -> str:
    """The name of an inline script or style in a content security policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"


def module_order(files: Mapping[str, bytes]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The page's modules, each after those that it imports, with its imports: written, meant.

    Raises:
        ValueError: modules import each other in a circle, or a module is missing.

    """
    imports = {
        name: [
            (written, posixpath.normpath(posixpath.join(posixpath.dirname(name), written)))
            for written in sorted(set(IMPORT.findall(content.decode())))
        ]
        for name, content in files.items()
        if name.startswith("js/")
    }
    graph = {name: [meant for _, meant in found] for name, found in imports.items()}
    try:
        return [(name, imports[name]) for name in TopologicalSorter(graph).static_order()]
    except (CycleError, KeyError) as error:
        raise ValueError(f"no order for {error.args[-1]}") from None


def replaced(page: str, pattern: str, text: str) -> str:
    """The page with one part replaced, which must be there exactly once."""
    changed, times = re.subn(pattern, lambda _: text, page)
    if times != 1:
        raise ValueError(f"index.html has {pattern} {times} times instead of once")
    return changed
