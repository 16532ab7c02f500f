"""A flow and a task that do nothing; as a program it serves the task."""

from __future__ import annotations

from prefect import flow, task
from prefect.task_worker import serve


@task(persist_result=True, log_prints=False)
def noop() -> int:
    """Do nothing."""
    return 1


@flow(name="noop")
async def noop_flow() -> int:
    """Do nothing; async, because after a sync one Prefect waits up to a second for its heartbeat to stop."""
    return 1


if __name__ == "__main__":
    serve(noop)
