"""What a training goes on from when an earlier attempt of its job has failed on this machine.

Files that a run leaves in its folder of checkpoints are kept apart when it ends without a result, and are
there again for the next attempt. Another machine has none of them: that attempt begins anew.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from pathlib import Path
from typing import Final

import structlog

from analysis_server.runtimes.owned_folder import remove_tree
from analysis_server.runtimes.port import RunRequest, RunStatus
from analysis_server.runtimes.run.output_entries import OutputUnfit, output_entries
from analysis_server.runtimes.run.output_watch import has_too_much
from analysis_server.runtimes.run.outputs import OUTPUTS
from satellite.contracts.identity import AttemptKey

CHECKPOINTS: Final = "checkpoints"
"""Of a run's folder: what its plugin writes for a later attempt."""
KEPT_S: Final = 86_400
"""A job that is not tried again within this is tried from the start."""
_OPEN_TO_ALL: Final = 0o666
"""Nobody else gets as far, and the next attempt may be another user."""

log = structlog.get_logger(__name__)


def checkpoints_in(folder: Path) -> Path | None:
    """Return where the plugin of a run's folder writes for a later attempt, if it does."""
    place = folder / CHECKPOINTS
    return place if place.is_dir() else None


def written_in(folder: Path) -> list[Path]:
    """Return all places where the plugin of a run's folder writes for its job."""
    checkpoints = checkpoints_in(folder)
    return [folder / OUTPUTS] if checkpoints is None else [folder / OUTPUTS, checkpoints]


class CheckpointStore:
    """The checkpoints of jobs without a result, one folder for each, on the disk of the runs' folders."""

    def __init__(self, path: Path) -> None:
        """Make nothing yet."""
        self._path = path

    def give(self, request: RunRequest, place: Path | None) -> None:
        """Move what earlier attempts of a job have left to where its run finds it."""
        if place is None:
            return
        kept = self._of(request.key)
        with contextlib.suppress(FileNotFoundError):
            for file in kept.iterdir():
                with contextlib.suppress(OSError):
                    file.chmod(_OPEN_TO_ALL)
                file.rename(place / file.name)

    def settle(self, request: RunRequest, status: RunStatus, place: Path | None) -> None:
        """Keep what a run that has ended leaves for another attempt; nothing once its job has its result."""
        if place is None:
            return
        self._sweep()
        kept = self._of(request.key)
        remove_tree(kept)
        if status is RunStatus.COMPLETED:
            return
        try:
            if not has_too_much(place, request):
                _move(place, kept)
        except (OSError, OutputUnfit) as error:
            log.warning("checkpoints not kept", job_id=request.job_id, reason=str(error))
            remove_tree(kept)

    def _of(self, key: AttemptKey) -> Path:
        return self._path / f"{key.job_id}-{key.uid}"

    def _sweep(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            for kept in self._path.iterdir():
                with contextlib.suppress(FileNotFoundError):
                    if time.time() - kept.stat().st_mtime > KEPT_S:
                        remove_tree(kept)


def _move(place: Path, kept: Path) -> None:
    """Take the files, by names that nobody can exchange meanwhile: links and folders stay behind."""
    kept.mkdir(parents=True, mode=0o700)
    for entry in output_entries(place, has_ended=False):
        is_file = stat.S_ISREG(entry.found.st_mode) and entry.found.st_nlink == 1
        if is_file and entry.name == entry.leaf:
            os.rename(entry.leaf, kept / entry.leaf, src_dir_fd=entry.parent)
