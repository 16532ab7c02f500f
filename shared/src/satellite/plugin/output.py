"""The folder for what a job is to keep beside its result."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER_VARIABLE = "SATELLITE_OUTPUT_DIR"
CHECKPOINT_VARIABLE = "SATELLITE_CHECKPOINT_DIR"


def output_dir() -> Path:
    """Return the folder whose files become the job's artifacts, under their paths in it.

    Plain files and folders only. What a job that fails has written is dropped.

    Raises:
        LookupError: there is none: in a server, and where the worker has no way to store files.
    """
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        raise LookupError(
            f"{FOLDER_VARIABLE} is not set: servers have no output folder, nor have plugins of a worker "
            "without SATELLITE_WORKER_API_URL"
        )
    return Path(folder)


def checkpoint_dir() -> Path | None:
    """Return the folder in which a training keeps what it goes on from, None where there is none.

    Files there, not folders, are there again when a later attempt of the job runs on the same machine within
    a day. Replace a file as a whole, as by `os.replace`: a run may be killed at any moment.
    """
    folder = os.environ.get(CHECKPOINT_VARIABLE)
    return Path(folder) if folder else None
