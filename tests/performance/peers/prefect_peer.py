"""Prefect: a task run by `delay` and a task server, or (`--flow`) a flow run in the caller's own process."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from clock import free_port, measure, program, read_load, started, wait_for, wait_for_http

RESULT_TIMEOUT_S = 60


def main() -> None:
    """Start a server with its SQLite database, and measure."""
    is_flow = "--flow" in sys.argv
    if is_flow:
        sys.argv.remove("--flow")
    load = read_load()
    port = free_port()
    os.chdir(Path(__file__).parent)
    with tempfile.TemporaryDirectory(prefix="prefect-", ignore_cleanup_errors=True) as home:
        os.environ.update(
            {
                "PREFECT_HOME": home,
                "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
                "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
                "PREFECT_LOGGING_LEVEL": "ERROR",
                "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
                "DO_NOT_TRACK": "1",
            }
        )
        command = [program("prefect"), "server", "start", "--host", "127.0.0.1", "--port", str(port)]
        with started(command):
            wait_for_http(f"http://127.0.0.1:{port}/api/health")
            (measure_flow if is_flow else measure_task)(load.calls, load.jobs)


def measure_flow(calls: int, jobs: int) -> None:
    """Run flows in this process."""
    from prefect_work import noop_flow

    async def run_many(jobs: int) -> None:
        # One after the other: side by side they were four times slower.
        for _ in range(jobs):
            await noop_flow()

    with asyncio.Runner() as runner:
        measure("Prefect, flow run in the caller", once=lambda: runner.run(noop_flow()),
                many=lambda jobs: runner.run(run_many(jobs)), calls=calls, jobs=jobs,
                kept="run in SQLite; the work is lost with the caller")  # fmt: skip


def result_of(future: Any) -> object:
    """Return the result of a task run; under load its future may give up before the run has begun."""
    deadline = time.monotonic() + RESULT_TIMEOUT_S
    while True:
        try:
            return future.result(timeout=RESULT_TIMEOUT_S)
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def measure_task(calls: int, jobs: int) -> None:
    """Send tasks to a process that serves them."""
    from prefect_work import noop

    def once() -> None:
        assert result_of(noop.delay()) == 1

    def many(jobs: int) -> None:
        for future in [noop.delay() for _ in range(jobs)]:
            assert result_of(future) == 1

    with started([sys.executable, "prefect_work.py"]):
        wait_for(once)
        measure("Prefect, task run", once=once, many=many, calls=calls, jobs=jobs,
                kept="run in SQLite; scheduled again after a while")  # fmt: skip


if __name__ == "__main__":
    main()
