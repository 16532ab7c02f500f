"""Ends processes and removes folders that a dead worker left behind."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
from collections.abc import Set as AbstractSet
from pathlib import Path

from analysis_server.runtimes.port import AttemptKey
from analysis_server.runtimes.process_tree import MARKER_VARIABLE, list_processes

_FOLDER = re.compile(r"^(\d+)-(\d+)-")


class ProcessJanitor:
    """Knows a stack's processes by the marker in their environment."""

    def __init__(self, *, stack_id: str, run_folders: Path) -> None:
        """Look only at what belongs to `stack_id`."""
        self._marker = re.compile(
            rf"(?:^|\0){MARKER_VARIABLE}={re.escape(stack_id)}:(\d+):(\d+):\d+(?:\0|$)".encode()
        )
        self._run_folders = run_folders

    def sweep(self, live: AbstractSet[AttemptKey]) -> int:
        """Kill the processes that belong to no live attempt; return how many there were."""
        killed = 0
        for row in list_processes():
            key = self._attempt_of(row.pid)
            if key is not None and key not in live:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(row.pid, signal.SIGKILL)
                    killed += 1
        self._remove_folders(live)
        return killed

    def _attempt_of(self, pid: int) -> AttemptKey | None:
        try:
            found = self._marker.search(Path(f"/proc/{pid}/environ").read_bytes())
        except OSError:
            return None
        return (int(found[1]), int(found[2])) if found else None

    def _remove_folders(self, live: AbstractSet[AttemptKey]) -> None:
        with contextlib.suppress(FileNotFoundError):
            for folder in self._run_folders.iterdir():
                found = _FOLDER.match(folder.name)
                if found and (int(found[1]), int(found[2])) not in live:
                    shutil.rmtree(folder, ignore_errors=True)
