"""Ends what an earlier stack on the same home left behind when it was killed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import time
from pathlib import Path

from satellite.local.home import StackHome, write_private
from satellite.local.process import kill_group

STACK_VARIABLE = "SATELLITE_STACK_ID"
"""Every process of a stack inherits it, also those that leave their process group."""

STACK_LABEL = "satellite.stack"
GRACE_S = 5


def record_processes(home: StackHome, process_ids: list[int]) -> None:
    """Note the running processes with their start times, which tell a reused id from the real one."""
    entries = [[pid, began] for pid in process_ids if (began := _start_time(pid)) is not None]
    write_private(home.processes, json.dumps(entries))


def end_leftover_processes(home: StackHome) -> int:
    """End processes of an earlier start of this home, gently first; returns how many there were."""
    leaders = {pid: began for pid, began in _recorded(home) if _start_time(pid) == began}
    found = leaders | find_strays(home.stack_id)
    for pid, began in found.items():
        # SIGINT lets PostgreSQL shut down cleanly without waiting for its clients.
        _send(pid, began, signal.SIGINT)
    deadline = time.monotonic() + GRACE_S
    while time.monotonic() < deadline and any(_start_time(pid) == began for pid, began in found.items()):
        time.sleep(0.05)
    for pid, began in leaders.items():
        # What is left of the group of one that has ended carries the stack's id.
        if _start_time(pid) == began:
            kill_group(pid)
    kill_strays(home.stack_id)
    home.processes.unlink(missing_ok=True)
    shutil.rmtree(home.scratch, ignore_errors=True)
    return len(found)


def kill_strays(stack_id: str) -> None:
    """Kill every process that carries the stack's id in its environment, but this one."""
    for pid, began in find_strays(stack_id).items():
        _send(pid, began, signal.SIGKILL)


def find_strays(stack_id: str) -> dict[int, str]:
    """Return the processes, with their start, whose environment has the stack's id, but not this one."""
    marker = f"{STACK_VARIABLE}={stack_id}".encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            began = _start_time(int(folder.name))
            if began is not None and marker in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = began
    return {pid: began for pid, began in found.items() if pid != os.getpid()}


def remove_leftover_containers(stack_id: str) -> int:
    """Remove every container that carries the stack's label; returns how many there were."""
    # Only where an engine answers, and slow to import.
    from docker.errors import APIError  # noqa: PLC0415

    from satellite.container_engine.client import connect  # noqa: PLC0415

    client = connect(timeout_s=20)
    try:
        containers = client.containers.list(all=True, filters={"label": f"{STACK_LABEL}={stack_id}"})
        for container in containers:
            with contextlib.suppress(APIError):
                container.remove(force=True, v=True)
        return len(containers)
    finally:
        client.close()


def _recorded(home: StackHome) -> list[tuple[int, str]]:
    try:
        return [(int(pid), str(began)) for pid, began in json.loads(home.processes.read_text())]
    except (OSError, ValueError):
        return []


def _start_time(pid: int) -> str | None:
    """Return the kernel's start time of a process, or None when it is gone (or only waits for burial)."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state == "Z" else fields[18]


def _send(pid: int, began: str, number: signal.Signals) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.pidfd_open(pid)
        try:
            # The descriptor stays with the process that was looked at, whoever has its id later.
            if _start_time(pid) == began:
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)
