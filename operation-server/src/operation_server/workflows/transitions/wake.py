"""Which runs have something new to look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, text

from operation_server.jobs.transitions.events import notify_dispatcher
from operation_server.jobs.transitions.step_ends import RUNS

AT_ONCE: Final = 100
QUEUED_WOKEN: Final = 20

WOKEN: Final = text("""
    SELECT run_id FROM run_wakeups GROUP BY run_id ORDER BY min(id) LIMIT :limit
""")
WAKE: Final = text("""
    INSERT INTO run_wakeups (run_id) SELECT unnest(CAST(:run_ids AS bigint[]))
""")
DROP: Final = text("DELETE FROM run_wakeups WHERE run_id = :run_id")
# Room was made in a workflow: those that came first look whether it is for them.
WAKE_QUEUED: Final = text(f"""
    INSERT INTO run_wakeups (run_id)
    SELECT id FROM workflow_runs
    WHERE workflow_id = :workflow_id AND status = 'queued' ORDER BY id LIMIT {QUEUED_WOKEN}
""")  # noqa: S608 - only a constant of this module goes in.
# Of each key of each workflow the oldest, whatever keeps those before it.
WAKE_FIRST_QUEUED: Final = text("""
    INSERT INTO run_wakeups (run_id)
    SELECT id FROM (
        SELECT DISTINCT ON (workflow_id, concurrency_key) id FROM workflow_runs
        WHERE status = 'queued' ORDER BY workflow_id, concurrency_key, id
    ) AS first
    WHERE NOT EXISTS (SELECT 1 FROM run_wakeups AS w WHERE w.run_id = first.id)
""")
# What should not be: an open run of which nothing is under way and that nobody will look at.
STUCK: Final = text("""
    SELECT r.id FROM workflow_runs AS r
    WHERE r.status = 'processing' AND r.created_at < now() - interval '10 seconds'
      AND NOT EXISTS (SELECT 1 FROM run_wakeups AS w WHERE w.run_id = r.id)
      AND (
        (r.steps_open = 0 AND r.steps_ready = 0)
        OR EXISTS (
            SELECT 1 FROM run_steps AS s WHERE s.run_id = r.id AND NOT s.is_counted
              AND s.status IN ('completed', 'failed', 'cancelled')
        )
      )
    LIMIT :limit
""")


def list_woken(connection: Connection, *, limit: int = AT_ONCE) -> list[int]:
    """Return the runs that were woken, first come, first served."""
    return list(connection.scalars(WOKEN, {"limit": limit}))


def wake_runs(connection: Connection, run_ids: Sequence[int]) -> None:
    """Let whoever advances runs look at some, as soon as the transaction commits."""
    if run_ids:
        connection.execute(WAKE, {"run_ids": list(run_ids)})
        notify_dispatcher(connection, RUNS)


def drop_wakeups(connection: Connection, run_id: int) -> None:
    """Forget the reasons to look at a run, which is locked and looked at now."""
    connection.execute(DROP, {"run_id": run_id})


def wake_queued(connection: Connection, workflow_id: int) -> None:
    """Let the runs of a workflow look that wait for others of it."""
    connection.execute(WAKE_QUEUED, {"workflow_id": workflow_id})


def wake_first_queued(connection: Connection) -> int:
    """Let the oldest queued runs look whether there is room, and return how many there are.

    Room is told of to the oldest runs of a workflow only, and these may wait for another key.
    """
    return connection.execute(WAKE_FIRST_QUEUED).rowcount


def find_stuck(connection: Connection, *, limit: int = AT_ONCE) -> list[int]:
    """Return runs that nothing would ever go on with; there are none unless something is broken."""
    return list(connection.scalars(STUCK, {"limit": limit}))
