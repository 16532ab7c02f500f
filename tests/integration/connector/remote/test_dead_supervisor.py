"""A supervisor that is killed: what is left of its job is found and ended, and how it ended is recorded."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from analysis_server.connector.agent_messages import ExitReason, RemoteState, SubmitState
from analysis_server.connector.remote import process_tree
from tests.integration.connector.remote.host import Host, another_boot, job, wait_until

# Python lets its children inherit no file, so that the last of them does not hold the lock of the tree.
CLOSING = f'{sys.executable} -c \'import subprocess; subprocess.Popen(["sleep", "1000"]).wait()\''
ELSEWHERE = 'hostname elsewhere && mount -t tmpfs tmpfs /var/tmp && exec "$@"'
ESCAPEES = f"setsid sleep 1000 & {CLOSING} & sleep 1000"


def running(host: Host, script: str = ESCAPEES, processes: int = 5) -> str:
    request = job(1, script)
    host.submit(request)
    host.wait_state(request.name, RemoteState.RUNNING)
    wait_until(lambda: len(host.tree(request.name)) >= processes)
    return request.name


def test_what_nobody_supervises_is_ended_by_whoever_looks(host: Host) -> None:
    name = running(host)
    left = host.tree(name)
    host.kill_supervisor(name)
    assert all(process_tree.is_alive(pid) for pid in left)
    assert host.wait_end(name).reason is ExitReason.ORPHAN
    assert not any(process_tree.is_alive(pid) for pid in left)
    assert host.submit(job(1, "true")) is SubmitState.ALREADY
    assert (host.folder(name) / "outputs/status.txt").read_text() == "failed\n"


def test_the_same_is_done_by_a_cancellation(host: Host) -> None:
    name = running(host)
    host.kill_supervisor(name)
    assert host.cancel(name) is RemoteState.ENDED
    assert host.tree(name) == []
    assert host.wait_end(name).reason is ExitReason.ORPHAN


def test_many_judges_write_one_record(host: Host) -> None:
    name = running(host)
    host.kill_supervisor(name)
    processes = [host.start("cancel") for _ in range(8)]
    for process in processes:
        process.communicate(b'{"name": "%s", "wait_s": 30}' % name.encode())
    record = (host.folder(name) / ".satellite/exit.json").read_bytes()
    assert host.wait_end(name).reason in (ExitReason.ORPHAN, ExitReason.LOST)
    assert (host.folder(name) / ".satellite/exit.json").read_bytes() == record


def test_a_job_of_which_nothing_is_left_is_lost(host: Host) -> None:
    name = running(host)
    left = host.tree(name)
    host.kill_supervisor(name)
    process_tree.send(left, signal.SIGKILL)
    wait_until(lambda: not any(process_tree.is_alive(pid) for pid in left))
    assert host.wait_end(name).reason is ExitReason.LOST


def test_a_removed_lock_says_nothing(host: Host) -> None:
    """As systemd removes files in memory at a logout: the job goes on, its end is found all the same."""
    name = running(host)
    shutil.rmtree(host.owner(name)["locks"])
    assert host.report(name).state is RemoteState.RUNNING
    host.kill_supervisor(name)
    assert host.wait_end(name).reason is ExitReason.ORPHAN
    assert host.tree(name) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can let a host look as if it had started anew")
def test_a_reboot_is_recognised_and_nothing_is_killed_for_it(host: Host, tmp_path: Path) -> None:
    name = running(host, "sleep 1000", 1)
    host.kill_supervisor(name)
    left = host.tree(name)
    with another_boot(tmp_path) as prefix:
        ending = host.poll(name, prefix=prefix).jobs[name].exit
    assert ending is not None
    assert ending.reason is ExitReason.REBOOT
    # Marks are of the boot before, too: what has one now is not the job.
    assert host.tree(name) == left


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can look from another host")
def test_another_host_that_shares_the_disk_judges_nothing(host: Host) -> None:
    """Its locks and its processes are others: what it does not see may well live."""
    name = running(host, "sleep 1000", 1)
    elsewhere = [
        "unshare",
        "--uts",
        "--mount",
        "--pid",
        "--fork",
        "--mount-proc",
        "sh",
        "-c",
        ELSEWHERE,
        "sh",
    ]
    assert host.poll(name, prefix=elsewhere).jobs[name].state is RemoteState.RUNNING
    assert host.report(name).state is RemoteState.RUNNING
    host.kill_supervisor(name)
    assert host.poll(name, prefix=elsewhere).jobs[name].state is RemoteState.RUNNING
    assert host.wait_end(name).reason is ExitReason.ORPHAN


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can choose the number of a process")
def test_another_process_of_the_same_number_is_neither_taken_for_it_nor_killed(host: Host) -> None:
    name = running(host, "sleep 1000", 1)
    shutil.rmtree(host.owner(name)["locks"])
    host.kill_supervisor(name)
    stranger = process_of_number(host.owner(name)["pid"])
    try:
        assert host.cancel(name) is RemoteState.ENDED
        assert host.wait_end(name).reason is ExitReason.ORPHAN
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def process_of_number(number: int) -> subprocess.Popen[bytes]:
    """Return a process that was given a number which another had before."""
    found: list[subprocess.Popen[bytes]] = []

    def has_it() -> bool:
        Path("/proc/sys/kernel/ns_last_pid").write_text(str(number - 1))
        found.append(subprocess.Popen(["sleep", "1000"]))
        if found[-1].pid == number:
            return True
        found[-1].kill()
        found[-1].wait()
        return False

    wait_until(has_it)
    return found[-1]
