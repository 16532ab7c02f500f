"""Prefect: a flow of tasks in this process, reported to the server that it starts for itself."""

from __future__ import annotations

import os
import tempfile

HOME = tempfile.TemporaryDirectory(prefix="prefect-", ignore_cleanup_errors=True)
os.environ.update(
    {
        "PREFECT_HOME": HOME.name,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",
        "DO_NOT_TRACK": "1",
    }
)

from prefect import flow, task  # noqa: E402
from timing import CHAIN, FAN_OUT, measure  # noqa: E402


@task
def work(before: int) -> int:
    """Do nothing."""
    return before + 1


@flow
def chain() -> int:
    """Do one step after the other."""
    value = 0
    for _ in range(CHAIN):
        value = work(value)
    return value


@flow
def fan_out() -> int:
    """Do all items, and join them."""
    work(0)
    done = work.map(range(FAN_OUT)).result()
    return work(sum(done))


if __name__ == "__main__":
    measure(chain=chain, fan_out=fan_out, kept="run in SQLite; the work is lost with the process")
