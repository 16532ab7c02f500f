"""The end of a step of a run, in the transaction that ends its job.

The run itself is not locked here, so that no order of locks can be wrong: it is woken, and whoever advances
it counts the step (`workflows/transitions/`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, text

from operation_server.jobs.transitions.events import notify_dispatcher

RUNS: Final = "runs"
"""The payload of a notification that tells of runs to look at."""

END_STEPS: Final = text("""
    WITH stepped AS (
        UPDATE run_steps SET status = e.status, ended_at = now()
        FROM unnest(CAST(:ids AS bigint[]), CAST(:statuses AS text[])) AS e(job_id, status)
        WHERE run_steps.job_id = e.job_id AND run_steps.status = 'submitted'
        RETURNING run_steps.run_id
    )
    INSERT INTO run_wakeups (run_id) SELECT DISTINCT run_id FROM stepped
""")


def end_steps(connection: Connection, ended: Iterable[tuple[int, str]]) -> None:
    """End the steps of jobs that have just ended, each with the status of its job, and wake their runs."""
    pairs = list(ended)
    if not pairs:
        return
    ids, statuses = zip(*pairs, strict=True)
    connection.execute(END_STEPS, {"ids": list(ids), "statuses": list(statuses)})
    notify_dispatcher(connection, RUNS)
