"""The lock of a run, by which all that changes it goes one after the other."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, text

LOCK: Final = text("""
    SELECT id, uid, workflow_id, version_id, owner_id, status, trigger, params, priority, logical_date,
           data_interval_start, data_interval_end, concurrency_key, cancel_requested_at, tasks_left,
           steps_open, steps_waiting, steps_ready, parent_run_id, error, created_at
    FROM workflow_runs WHERE id = :run_id FOR UPDATE
""")


def lock_run(connection: Connection, run_id: int) -> Row[Any] | None:
    """Return the row of a run, which nobody else changes until the transaction ends, or None."""
    return connection.execute(LOCK, {"run_id": run_id}).one_or_none()
