"""Which queued runs may begin: limits of their workflow, oldest first."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, text

from operation_server.workflows.transitions.versions import VersionMemory

# Runs that only wait for people or time hold no place. Only one process advances runs, so nobody else lets
# another one begin meanwhile.
ACTIVE: Final = text("""
    SELECT count(*) FROM workflow_runs
    WHERE workflow_id = :workflow_id AND status = 'processing'
      AND NOT (steps_open > 0 AND steps_open = steps_waiting AND steps_ready = 0)
""")
IS_FIRST: Final = text("""
    SELECT NOT EXISTS (
        SELECT 1 FROM workflow_runs WHERE workflow_id = :workflow_id AND status = 'queued' AND id < :run_id
          AND (CAST(:key AS text) IS NULL OR concurrency_key IS NOT DISTINCT FROM :key)
    )
""")
KEY_IS_TAKEN: Final = text("""
    SELECT EXISTS (
        SELECT 1 FROM workflow_runs WHERE workflow_id = :workflow_id AND concurrency_key = :key
          AND status IN ('queued', 'processing') AND id <> :run_id AND (status = 'processing' OR id < :run_id)
    )
""")


def may_begin(connection: Connection, run: Row[Any], versions: VersionMemory) -> bool:
    """Tell whether a queued run may begin; what makes room later wakes it."""
    settings = versions.get(connection, run.version_id).definition.settings
    about = {"workflow_id": run.workflow_id, "run_id": run.id, "key": run.concurrency_key}
    if run.concurrency_key is not None and connection.execute(KEY_IS_TAKEN, about).scalar_one():
        return False
    most = settings.max_active_runs
    if most is None:
        return True
    if not connection.execute(IS_FIRST, about).scalar_one():
        return False
    active: int = connection.execute(ACTIVE, about).scalar_one()
    return active < most
