"""A disk that is full: how a job ended is recorded all the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis_server.connector.agent_messages import ExitReason, RemoteState
from tests.fixtures.small_disk import SmallDisk, mounted_disk
from tests.integration.connector.remote.host import Host, job, wait_until


@pytest.fixture
def small(host: Host) -> Iterator[SmallDisk]:
    """Let the jobs of this host lie on a disk of one MiB."""
    with mounted_disk(host.base, size_mib=1) as disk:
        yield disk
        host.end_all()


def test_a_job_that_fills_the_disk_has_its_record(host: Host, small: SmallDisk) -> None:
    request = job(1, "cat /dev/zero > $OUTPUT_DIR/all; exit 9")
    host.submit(request)
    ending = host.wait_end(request.name)
    assert (ending.reason, ending.code) == (ExitReason.DISK, 9)


def test_a_job_ends_well_on_a_disk_that_others_filled(host: Host, small: SmallDisk) -> None:
    request = job(1, "touch $OUTPUT_DIR/../ready; while ! test -e $OUTPUT_DIR/../go; do sleep 0.1; done")
    host.submit(request)
    wait_until((host.folder(request.name) / "ready").exists)
    small.fill()
    (host.folder(request.name) / "go").touch()
    assert (ending := host.wait_end(request.name)).code == 0
    assert ending.reason is ExitReason.EXITED
    assert small.is_full()
    # The manifest had no room: what is unknown is not called empty.
    assert ending.outputs is None


def test_a_job_without_supervisor_is_judged_on_a_full_disk(host: Host, small: SmallDisk) -> None:
    request = job(1, "sleep 1000")
    host.submit(request)
    host.wait_state(request.name, RemoteState.RUNNING)
    small.fill()
    host.kill_supervisor(request.name)
    assert host.wait_end(request.name).reason is ExitReason.ORPHAN


def test_a_submission_to_a_full_disk_is_refused_and_may_be_repeated(host: Host, small: SmallDisk) -> None:
    small.fill()
    request = job(1, "exit 2")
    assert host.ask("submit", request.model_dump(mode="json"))["error"]["kind"] == "disk"
    small.empty()
    host.submit(request)
    assert host.wait_end(request.name).code == 2


def test_a_cancellation_works_on_a_full_disk(host: Host, small: SmallDisk) -> None:
    request = job(1, "sleep 1000")
    host.submit(request)
    host.wait_state(request.name, RemoteState.RUNNING)
    small.fill()
    assert host.cancel(request.name) is RemoteState.ENDED
    assert host.wait_end(request.name).reason is ExitReason.CANCELLED
    assert Path(host.base, request.name).is_dir()
