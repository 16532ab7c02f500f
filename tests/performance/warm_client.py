"""A client that costs as little as a client can: what is measured is the platform, on the same two cores."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

WARM = {"plugin_name": "example-warm", "input_data": {"text": "a good day"}}
WAIT = {"Prefer": "wait=60"}
IDLE_S = 2.0
POLL_S = 0.01
NONE: Mapping[str, str] = {}


class WarmClient:
    """Submits jobs of a warm plugin over one connection of the standard library's client."""

    def __init__(self, api: httpx.Client) -> None:
        """Take over address and token of a client that has logged in."""
        self._connection = http.client.HTTPConnection(api.base_url.host, api.base_url.port)
        self._used_at_s = time.monotonic()
        self._headers = {"Authorization": api.headers["Authorization"], "Content-Type": "application/json"}

    def run_job_ms(self) -> float:
        """Return the milliseconds from the submission of a job to its result."""
        began = time.perf_counter()
        job = self._post("/api/v1/jobs", WARM, WAIT)
        elapsed_ms = (time.perf_counter() - began) * 1000
        assert job["status"] == "completed", job
        return elapsed_ms

    def submit_ms(self) -> float:
        """Return the milliseconds until a submission is accepted."""
        began = time.perf_counter()
        self._post("/api/v1/jobs", WARM)
        return (time.perf_counter() - began) * 1000

    def submit_many(self, count: int) -> list[int]:
        """Submit warm jobs in one request and return their ids."""
        return self.submit_all([WARM] * count)

    def submit_all(self, jobs: Sequence[Mapping[str, Any]]) -> list[int]:
        """Submit jobs in one request and return their ids."""
        ids: list[int] = self._post("/api/v1/jobs/batch", {"jobs": jobs})["ids"]
        return ids

    def wait_for(self, job_id: int) -> None:
        """Wait until a job has completed."""
        job: dict[str, Any] = {"completed_at": None}
        while job["completed_at"] is None:
            job = self._send("GET", f"/api/v1/jobs/{job_id}", headers=WAIT)
        assert job["status"] == "completed", job

    def wait_for_all(self, last_id: int) -> None:
        """Wait until no job is unfinished; asks little while the last one is."""
        self.wait_for(last_id)
        while self._count("queued") + self._count("processing"):
            time.sleep(POLL_S)
        assert self._count("failed") == 0

    def _count(self, status: str) -> int:
        total: int = self._send("GET", f"/api/v1/jobs?limit=1&status={status}")["total"]
        return total

    def get_ms(self, path: str, headers: Mapping[str, str]) -> float:
        """Return the milliseconds of a GET with these headers."""
        began = time.perf_counter()
        self._send("GET", path, headers=headers)
        return (time.perf_counter() - began) * 1000

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> dict[str, Any]:
        return self._send("POST", path, body, headers or {})

    def _send(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] = NONE) -> Any:
        if time.monotonic() - self._used_at_s > IDLE_S:
            # The server closes what is idle; this client opens again by itself.
            self._connection.close()
        payload = json.dumps(body) if body is not None else None
        self._connection.request(method, path, payload, {**self._headers, **headers})
        answer = self._connection.getresponse()
        content = answer.read()
        self._used_at_s = time.monotonic()
        assert answer.status < 300, content
        return json.loads(content)
