"""The files of DAGs in a folder that Airflow watches."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from operation_server.workflows.airflow.dag_arguments import dag_id


def write_dag_file(folder: Path, *, workflow_id: int, text: str) -> Path:
    """Write the file of a workflow whole, in place of what was there, and return it.

    Raises:
        OSError: the folder is not there, or not to be written to.
    """
    file = _file(folder, workflow_id)
    # Airflow reads no file of another ending, so what is half-written it never sees.
    handle, draft = tempfile.mkstemp(prefix=f".{file.stem}.", suffix=".new", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as output:
            output.write(text)
        # Airflow may be another user of the machine, and the file holds no secret.
        Path(draft).chmod(0o644)
        Path(draft).replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(draft).unlink()
        raise
    return file


def remove_dag_file(folder: Path, *, workflow_id: int) -> None:
    """Remove the file of a workflow, if it is there."""
    _file(folder, workflow_id).unlink(missing_ok=True)


def _file(folder: Path, workflow_id: int) -> Path:
    return folder / f"{dag_id(workflow_id)}.py"
