import json
import platform

import torch

from kaogan.machine import PACKAGES, processor, versions


def test_versions_are_those_that_run():
    assert versions()["torch"] == torch.__version__
    assert versions()["python"] == platform.python_version()
    assert set(PACKAGES) < set(versions())


def test_the_processor_has_a_name_of_one_line():
    assert processor().strip()
    assert "\n" not in json.dumps(processor())
