"""Looks, while a plugin runs, at how much it writes for its job.

Each file is limited by the kernel (`RLIMIT_FSIZE`); all together are looked at so often that a disk which
takes a gigabyte a second takes 200 MB too many. What is deleted and still open has no name and is not seen:
for that there is a reserve of the disk.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.run.control import RunControl, StopReason
from analysis_server.runtimes.run.output_entries import CHECKPOINT_VARIABLE, OUTPUT_VARIABLE, output_entries

LOOK_EVERY_S: Final = 0.2
RESERVE_BYTES: Final = 512 * 1024 * 1024


class OutputWatch:
    """Ends a run that writes too much."""

    def __init__(self, folders: Sequence[Path], request: RunRequest, control: RunControl) -> None:
        """Take the folders of a run that begins, of which each may hold as much; they are on one disk."""
        self._folders = folders
        self._request = request
        self._control = control
        free_bytes = shutil.disk_usage(folders[0]).free if folders else 0
        # Where there is little room already, a run that writes nothing is not to blame.
        self._reserve_bytes = min(RESERVE_BYTES, free_bytes // 2)

    def look(self) -> None:
        """End the run if there is more than may be."""
        if not self._folders:
            return
        if any(has_too_much(folder, self._request) for folder in self._folders):
            self._control.stop(StopReason.OUTPUTS_TOO_LARGE)
        elif shutil.disk_usage(self._folders[0]).free < self._reserve_bytes:
            self._control.stop(StopReason.DISK_FULL)


def has_too_much(folder: Path, request: RunRequest) -> bool:
    """Tell whether a folder holds more bytes, or more files and folders, than a run may write."""
    size_bytes = 0
    for count, entry in enumerate(output_entries(folder, has_ended=False), 1):
        size_bytes += entry.size_bytes
        if count > request.max_output_files or size_bytes > request.output_bytes_max:
            return True
    return False


def too_much(request: RunRequest) -> str:
    """Say that a plugin has written more than it may."""
    return (
        f"The plugin wrote more to ${OUTPUT_VARIABLE}{_or_checkpoints(request)} than the "
        f"{request.output_bytes_max} bytes, or the "
        f"{request.max_output_files} files and folders, that it may: by resources.output_mib, and by "
        "SATELLITE_WORKER_MAX_OUTPUT_BYTES and SATELLITE_WORKER_MAX_OUTPUT_FILES of the worker."
    )


def _or_checkpoints(request: RunRequest) -> str:
    return f", or to ${CHECKPOINT_VARIABLE}," if request.keeps_checkpoints else ""
