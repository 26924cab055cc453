"""The browser of the tests: Chromium as Debian packs it, quiet and without a sandbox."""

import shutil

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
