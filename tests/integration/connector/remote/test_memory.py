"""A job that takes more memory than it may is ended for it, and told so."""

from __future__ import annotations

import sys

import pytest

from analysis_server.connector.agent_messages import ExitReason
from tests.integration.connector.remote.host import Host, job

HIDE_GROUPS = 'mount -t tmpfs -o ro tmpfs /sys/fs/cgroup && exec "$@"'
HUNGRY = "import time\nkept = []\nwhile True:\n    kept.append(b'x' * (8 << 20)); time.sleep(0.02)"


def test_a_hungry_job_is_ended_for_memory(host: Host) -> None:
    request = job(1, sys.executable, "-c", HUNGRY, memory_mib=128)
    host.submit(request)
    ending = host.wait_end(request.name)
    assert ending.reason is ExitReason.OOM
    assert "128 MiB" in ending.message


def test_a_hungry_child_counts_and_its_parent_that_says_success_does_not(host: Host) -> None:
    request = job(1, f'{sys.executable} -c "{HUNGRY}"; exit 0', memory_mib=128)
    host.submit(request)
    assert host.wait_end(request.name).reason is ExitReason.OOM


def test_without_groups_of_the_kernel_somebody_looks(host: Host) -> None:
    """As for accounts that may make none: their group is that of nobody."""
    prefix = ["unshare", "--mount", "sh", "-c", HIDE_GROUPS, "sh"]
    request = job(1, sys.executable, "-c", HUNGRY, memory_mib=128)
    answer = host.ask("submit", request.model_dump(mode="json"), prefix=prefix)
    if "state" not in answer:
        pytest.skip("nothing can be mounted here")
    assert host.wait_end(request.name).reason is ExitReason.OOM


def test_what_keeps_to_its_limit_goes_on(host: Host) -> None:
    request = job(1, sys.executable, "-c", "kept = b'x' * (20 << 20)", memory_mib=256)
    host.submit(request)
    assert host.wait_end(request.name).code == 0
