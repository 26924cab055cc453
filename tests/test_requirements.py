"""requirements.txt: the same versions as in constraints.txt, each with hashes."""

import re
from pathlib import Path

from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
WITHOUT = {"torch", "triton"}


def versions(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    found = re.findall(r"^([\w.-]+)==([\w.+]+)", text, re.M)
    return {canonicalize_name(package): version for package, version in found}


def test_the_versions_are_those_that_make_installs():
    hashed, kept = versions("requirements.txt"), versions("constraints.txt")
    assert len(hashed) > 50
    both = hashed.keys() & kept.keys()
    assert {name: hashed[name] for name in both} == {name: kept[name] for name in both}
    # What constraints.txt lacks is for other systems, or comes with every environment.
    assert hashed.keys() - kept.keys() <= {"httpx2-jsfetch", "setuptools"}


def test_every_package_has_hashes_and_torch_is_left_out():
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=[a-z])", text)[1:]
    for block in blocks:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block[:80]
    assert not WITHOUT & versions("requirements.txt").keys()
    assert not [name for name in versions("requirements.txt") if name.startswith("nvidia")]
