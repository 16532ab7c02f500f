"""The logs of a run's steps as one text."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Final

from operation_server.database.rows import AnyRow

STEP_LOGS_MAX: Final = 200
"""Of so many steps the log of a run tells; the others are asked for one by one."""


def is_run(head: AnyRow) -> bool:
    """Tell whether the head of a job is that of a run."""
    return hasattr(head, "workflow_id")


def merged_log(rows: Sequence[AnyRow]) -> str:
    """Return the logs of steps, each line after the name of its task."""
    return "".join(
        f"[{_name(row)}] {line}\n"
        for row in rows
        for line in zlib.decompress(row.text_zlib).decode().splitlines()
    )


def _name(row: AnyRow) -> str:
    return str(row.task) if row.map_index < 0 else f"{row.task} {row.map_index}"
