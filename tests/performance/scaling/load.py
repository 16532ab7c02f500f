"""A load generator that costs little itself: clients that each wait for their job before the next."""

from __future__ import annotations

import http.client
import json
import threading
import time
from dataclasses import dataclass, field

BODY = json.dumps({"plugin_name": "example-warm", "input_data": {"text": "a good day"}})


@dataclass
class Load:
    """What a run of some clients did."""

    elapsed_s: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    timings: list[dict[str, float]] = field(default_factory=list)

    @property
    def jobs_per_s(self) -> float:
        return len(self.latencies_ms) / self.elapsed_s

    def mean_ms(self, phase: str) -> float:
        return sum(timings[phase] for timings in self.timings) / len(self.timings)

    def quantile_ms(self, share: float) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def run(*, port: int, token: str, clients: int, jobs: int) -> Load:
    """Run warm jobs to their ends, each client one at a time."""
    load = Load()
    threads = [
        threading.Thread(target=_client, args=(load, port, token, jobs // clients)) for _ in range(clients)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.elapsed_s = time.perf_counter() - began
    assert len(load.latencies_ms) == jobs // clients * clients, "a client has failed"
    return load


def _client(load: Load, port: int, token: str, jobs: int) -> None:
    headers = {
        "Authorization": f"Bearer {token}", "Content-Type": "application/json", "Prefer": "wait=60",
    }  # fmt: skip
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=70)
    for _ in range(jobs):
        began = time.perf_counter()
        connection.request("POST", "/api/v1/jobs", BODY, headers)
        answer = connection.getresponse()
        job = json.loads(answer.read())
        load.latencies_ms.append((time.perf_counter() - began) * 1000)
        assert (answer.status, job["status"]) == (200, "completed"), job
        load.timings.append(job["timings"])
    connection.close()
