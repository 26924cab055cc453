import json
import os
import platform
import subprocess
import sys

import pytest
import torch

from kaogan.machine import PACKAGES, _quotas, processor, usable_cores, versions

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")


def test_versions_are_those_that_run():
    assert versions()["torch"] == torch.__version__
    assert versions()["python"] == platform.python_version()
    assert set(PACKAGES) < set(versions())


def test_the_processor_has_a_name_of_one_line():
    assert processor().strip()
    assert "\n" not in json.dumps(processor())


# Cores


@pytest.mark.parametrize(
    ("own", "files", "cores"),
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, [1.5]),
        ("0::/\n", {"cpu.max": "max 100000\n"}, []),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "400000 100000\n"}, [4]),
        ("0::/docker/not-there\n", {"cpu.max": "50000 100000\n"}, [0.5]),
        (
            "4:memory:/\n1:cpu,cpuacct:/a\n0::/\n",
            {
                "cpu,cpuacct/a/cpu.cfs_quota_us": "200000\n",
                "cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
                "cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
                "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            },
            [2],
        ),
        ("", {}, []),
    ],
    ids=["v2", "v2 without limit", "v2 from above", "v2 in a container", "v1", "none"],
)
def test_quotas_are_those_of_the_control_groups(tmp_path, own, files, cores):
    files = {f"sys/fs/cgroup/{name}": text for name, text in files.items()}
    for name, text in {"proc/self/cgroup": own, **files}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert list(_quotas(tmp_path)) == cores


@linux
def test_cores_outside_the_affinity_are_not_usable():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert 1 <= usable_cores() <= len(before)


@linux
@pytest.mark.parametrize("first", ["", "import torch"])
@pytest.mark.parametrize(("given", "threads"), [(None, 1), ("2", 2)])
def test_threads_are_no_more_than_cores_unless_somebody_says_so(first, given, threads):
    """In a process whose quota is one core of two; PyTorch itself would take both."""
    code = f"""
import os
os.cpu_count = lambda: 2
{first}
from kaogan import machine
{"torch.set_num_threads(2)" if first else ""}
machine._quotas = lambda root: [1.0]
machine.limit_threads()
import torch
print(torch.get_num_threads())
"""
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    environment |= {} if given is None else {"OMP_NUM_THREADS": given}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == threads
