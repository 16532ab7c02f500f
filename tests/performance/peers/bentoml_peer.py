"""BentoML: a task endpoint, submitted, polled and read as its documentation shows."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import bentoml
from clock import free_port, measure, program, read_load, started, wait_for_http

CLIENTS = 8
POLL_S, POLL_MAX_S = 0.001, 0.02


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Noop:
    """A service that does nothing."""

    @bentoml.task
    def noop(self, number: int) -> int:
        """Do nothing."""
        return number


def main() -> None:
    """Measure one server with several clients."""
    load = read_load()
    os.chdir(Path(__file__).parent)
    port = free_port()
    local = threading.local()

    def ask(method: str, path: str, body: str | None = None) -> Any:
        # Over HTTP as its documentation shows; `submit` of the Python client fails in this version.
        if not hasattr(local, "connection"):
            local.connection = http.client.HTTPConnection("127.0.0.1", port)
        local.connection.request(method, path, body, {"Content-Type": "application/json"})
        return json.loads(local.connection.getresponse().read())

    def once(_: int = 0) -> None:
        task_id = ask("POST", "/noop/submit", '{"number": 1}')["task_id"]
        pause_s = POLL_S
        while ask("GET", f"/noop/status?task_id={task_id}")["status"] == "in_progress":
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, POLL_MAX_S)
        assert ask("GET", f"/noop/get?task_id={task_id}") == 1

    def many(jobs: int) -> None:
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(once, range(jobs)))

    command = [program("bentoml"), "serve", "bentoml_peer:Noop", "--port", str(port), "--host", "127.0.0.1"]
    with started(command, {"BENTOML_DO_NOT_TRACK": "True"}):
        wait_for_http(f"http://127.0.0.1:{port}/readyz")
        measure("BentoML, task endpoint", once=once, many=many, calls=load.calls, jobs=load.jobs,
                kept="status in a file; the work is lost with its server")  # fmt: skip


if __name__ == "__main__":
    main()
