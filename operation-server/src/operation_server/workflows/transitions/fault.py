"""Runs that cannot be advanced: they end with the reason, and the others go on."""

from __future__ import annotations

from typing import Final

import orjson
from sqlalchemy import Connection, text

from operation_server.database.storable_text import storable_text
from operation_server.workflows.transitions.cancel import RunCancelled, cancel_run
from operation_server.workflows.transitions.finish import end_run
from operation_server.workflows.transitions.run_lock import lock_run
from operation_server.workflows.transitions.wake import drop_wakeups
from satellite.contracts.job import JobStatus
from satellite.contracts.outcome import ErrorKind

FAULTS_MAX: Final = 5

COUNT: Final = text("""
    UPDATE workflow_runs SET faults = faults + 1 WHERE id = :run_id
      AND status IN ('queued', 'processing') RETURNING faults
""")
END: Final = text("""
    WITH tasks AS (
        UPDATE run_tasks SET status = 'cancelled', ended_at = now()
        WHERE run_id = :run_id AND status IN ('pending', 'running', 'waiting')
    )
    UPDATE workflow_runs SET status = 'failed', completed_at = now(), error = CAST(:error AS json)
    WHERE id = :run_id
""")


def note_fault(connection: Connection, run_id: int, reason: str) -> RunCancelled | None:
    """Count that a run could not be advanced; at the fifth time in a row it fails."""
    faults = connection.scalar(COUNT, {"run_id": run_id})
    if faults is None or faults < FAULTS_MAX:
        return None
    stopped = cancel_run(connection, run_id)
    run = lock_run(connection, run_id)
    if run is None:
        return None
    message = f"The run cannot be advanced: {storable_text(reason)[:500]}"
    error = {"kind": ErrorKind.INTERNAL, "message": message}
    connection.execute(END, {"run_id": run_id, "error": orjson.dumps(error).decode()})
    drop_wakeups(connection, run_id)
    told = end_run(connection, run, JobStatus.FAILED, error)
    return RunCancelled(cancelling=stopped.cancelling, entries=stopped.entries + told)
