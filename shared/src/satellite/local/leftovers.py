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
    groups = [pid for pid, began in _recorded(home) if _start_time(pid) == began]
    strays = find_strays(home.stack_id)
    for pid in {*groups, *strays}:
        # SIGINT lets PostgreSQL shut down cleanly without waiting for its clients.
        _send(pid, signal.SIGINT)
    deadline = time.monotonic() + GRACE_S
    while time.monotonic() < deadline and any(_start_time(pid) for pid in {*groups, *strays}):
        time.sleep(0.05)
    for group in groups:
        kill_group(group)
    kill_strays(home.stack_id)
    home.processes.unlink(missing_ok=True)
    shutil.rmtree(home.scratch, ignore_errors=True)
    return len({*groups, *strays})


def kill_strays(stack_id: str) -> None:
    """Kill every process that carries the stack's id in its environment, but this one."""
    for pid in find_strays(stack_id):
        _send(pid, signal.SIGKILL)


def find_strays(stack_id: str) -> list[int]:
    """Return the processes that carry the stack's id in their environment, but not this one."""
    marker = f"{STACK_VARIABLE}={stack_id}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if marker in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return [pid for pid in found if pid != os.getpid()]


def remove_leftover_containers(stack_id: str) -> int:
    """Remove every container that carries the stack's label; returns how many there were."""
    import docker  # noqa: PLC0415  # Only where an engine answers, and it is slow to import.

    client = docker.from_env(timeout=20)
    try:
        containers = client.containers.list(all=True, filters={"label": f"{STACK_LABEL}={stack_id}"})
        for container in containers:
            with contextlib.suppress(docker.errors.APIError):
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


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
