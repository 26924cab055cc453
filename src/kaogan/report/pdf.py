"""A report as PDF, printed by an installed Chromium."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from kaogan.errors import KaoganError
from kaogan.files import atomic_file

BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge"
)  # fmt: skip
PATIENCE = 180
"""Seconds that printing may take."""
DATE = re.compile(rb"(/(?:CreationDate|ModDate) ?\(D:)\d{14}")


def find_browser() -> str:
    """The Chromium, Chrome or Edge on the PATH.

    Raises:
        KaoganError: there is none.

    """
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise KaoganError(
            "a PDF needs Chromium or Chrome on the PATH, and there is none; install one, or open "
            "the report in any browser and print it"
        )
    return program


def write_pdf(html: Path, out: Path) -> Path:
    """Print an HTML file to a PDF file; the same HTML gives the same bytes with the same browser.

    Raises:
        KaoganError: there is no such browser, or it does not print.

    """
    program = find_browser()
    with tempfile.TemporaryDirectory(prefix="kaogan-print-") as folder:
        printed = Path(folder) / "printed.pdf"
        command = [
            program,
            "--headless=new",
            "--no-sandbox",  # the file is our own, and root has no sandbox
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
            "--no-pdf-header-footer",
            "--generate-pdf-document-outline",
            f"--user-data-dir={folder}/profile",
            f"--print-to-pdf={printed}",
            html.resolve().as_uri(),
        ]
        try:
            done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            raise KaoganError(f"{program} did not print {html} in {PATIENCE} seconds") from None
        except OSError as error:
            raise KaoganError(f"{program} cannot be started: {error.strerror}") from None
        if not printed.is_file():
            raise KaoganError(f"{program} printed nothing (exit status {done.returncode})")
        content = without_dates(printed.read_bytes())
    with atomic_file(out) as partial:
        partial.write_bytes(content)
    return out


def without_dates(pdf: bytes) -> bytes:
    """A PDF with fixed dates. Its length stays the same, because it contains offsets."""
    return DATE.sub(rb"\g<1>20000101000000", pdf)
