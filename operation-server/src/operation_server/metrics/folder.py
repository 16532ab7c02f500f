"""The folder through which processes of one machine or pod share their metrics."""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client.multiprocess import mark_process_dead

from operation_server.metrics.value_file import use_value_files

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def shared_folder() -> Path | None:
    """Return the folder, or None when each process keeps its metrics to itself."""
    given = os.environ.get(VARIABLE)
    return Path(given) if given else None


def prepare_folder() -> None:
    """See to it, before the first metric writes into the folder, that no full disk ends the process."""
    if shared_folder() is not None:
        use_value_files()


def forget_dead_processes(folder: Path) -> None:
    """Remove the live gauges of processes that died: what they last said is no longer so.

    Their counters stay, because a count that went down would look like a restart.
    """
    process_ids = {int(file.stem.rpartition("_")[2]) for file in folder.glob("gauge_live*_*.db")}
    for process_id in process_ids:
        if not _is_alive(process_id):
            mark_process_dead(process_id, str(folder))  # type: ignore[no-untyped-call]


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
