"""Ends processes and removes folders that a dead worker left behind."""

from __future__ import annotations

import shutil
from collections.abc import Set as AbstractSet

import structlog

from analysis_server.runtimes.process.mark import kill_until_none, mark_of, owner_mark, owner_of
from analysis_server.runtimes.process.run_folders import RunFolder, RunFolders
from satellite.contracts.identity import AttemptKey

logger = structlog.get_logger(__name__)


class ProcessJanitor:
    """Knows by the folders whose runs there were, and by the marks what processes they have."""

    def __init__(self, *, stack_id: str, folders: RunFolders) -> None:
        """Look only at what belongs to `stack_id`."""
        self._stack_id = stack_id
        self._folders = folders

    def sweep(self, live: AbstractSet[AttemptKey] | None) -> int:
        """Kill the processes that belong to no live attempt, or to a dead worker; return how many there were.

        With None, nothing is known of attempts, and only the dead are looked for.
        """
        owners = self._folders.owners()
        dead = {owner: owner_mark(self._stack_id, owner) for owner, is_dead in owners.items() if is_dead}
        over = {
            folder.mark: folder
            for owner in owners
            if live is not None and owner not in dead
            for folder in self._folders.jobs(owner)
            if folder.key not in live
        }
        return self._end(dead, over) if dead or over else 0

    def _end(self, dead: dict[str, int], over: dict[int, RunFolder]) -> int:
        def is_left(pid: int) -> bool:
            mark = mark_of(pid)
            return mark is not None and (mark in over or owner_of(mark) in dead.values())

        killed = kill_until_none(lambda row: is_left(row.pid))
        if killed is None:
            # Their folders stay, so that they are found again.
            logger.warning("some processes resist, left to the next sweep")
            return 0
        for owner in dead:
            self._folders.remove(owner)
        for folder in over.values():
            shutil.rmtree(folder.path, ignore_errors=True)
        return killed
