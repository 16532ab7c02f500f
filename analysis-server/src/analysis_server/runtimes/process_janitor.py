"""Ends processes and removes folders that a dead worker left behind."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
from collections.abc import Set as AbstractSet
from pathlib import Path

import psutil

from analysis_server.runtimes.owner import owner_is_dead, owner_label
from analysis_server.runtimes.port import AttemptKey
from analysis_server.runtimes.process_tree import MARKER_VARIABLE, list_processes

OWNED = "owned"
_FOLDER = re.compile(r"^(\d+)-(\d+)-")
_OWNED_FOLDER = re.compile(rf"^{OWNED}-(\d+)-")


class ProcessJanitor:
    """Knows a stack's processes by the marker in their environment."""

    def __init__(self, *, stack_id: str, run_folders: Path) -> None:
        """Look only at what belongs to `stack_id`."""
        self._marker = re.compile(
            rf"(?:^|\0){MARKER_VARIABLE}={re.escape(stack_id)}:(?:(\d+):(\d+)|{OWNED}):([^\0:]+)".encode()
        )
        self._run_folders = run_folders

    def sweep(self, live: AbstractSet[AttemptKey] | None) -> int:
        """Kill the processes that belong to no live attempt, or to a dead worker; return how many there were.

        With None, nothing is known of attempts, and only the dead are looked for.
        """
        killed = 0
        for row in list_processes():
            if self._is_stale(row.pid, live):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(row.pid, signal.SIGKILL)
                    killed += 1
        self._remove_folders(live)
        return killed

    def _is_stale(self, pid: int, live: AbstractSet[AttemptKey] | None) -> bool:
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False
        found = self._marker.search(environment)
        if found is None:
            return False
        is_over = live is not None and found[1] is not None and (int(found[1]), int(found[2])) not in live
        return is_over or owner_is_dead(found[3].decode())

    def _remove_folders(self, live: AbstractSet[AttemptKey] | None) -> None:
        with contextlib.suppress(FileNotFoundError):
            for folder in self._run_folders.iterdir():
                found = _FOLDER.match(folder.name)
                stale = live is not None and found and (int(found[1]), int(found[2])) not in live
                if stale or _belonged_to_the_dead(folder.name):
                    shutil.rmtree(folder, ignore_errors=True)


def job_marker(stack_id: str, key: AttemptKey) -> str:
    """Return the marker of a process that belongs to one attempt."""
    return f"{stack_id}:{key[0]}:{key[1]}:{owner_label()}"


def owned_marker(stack_id: str, number: int) -> str:
    """Return the marker of a process that lives longer than one job, and as long as its worker."""
    return f"{stack_id}:{OWNED}:{owner_label()}:{number}"


def owned_folder_prefix() -> str:
    """Return the beginning of the name of such a process's folder."""
    return f"{OWNED}-{os.getpid()}-"


def _belonged_to_the_dead(folder: str) -> bool:
    found = _OWNED_FOLDER.match(folder)
    return found is not None and not psutil.pid_exists(int(found[1]))
