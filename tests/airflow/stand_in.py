"""Answers a mirror as Satellite's API does, for a run whose steps end as the test says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

from satellite.testing.answering_server import serving

API_KEY: Final = "key-of-the-mirror"
RUN_ID: Final = 42
OVER: Final = frozenset({"completed", "failed", "blocked", "skipped", "cancelled"})


@dataclass
class StandIn:
    """One run for each idempotency key; its steps end one by one as they are asked for."""

    ends: Mapping[str, str]
    url: str = ""
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    triggers: list[tuple[str, Any]] = field(default_factory=list)
    refusals: int = 0
    """How many of the next requests are answered by 503."""

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        """Return the status and the content for a request."""
        if headers.get("X-API-Key") != API_KEY:
            return 401, json.dumps({"detail": "no such key"})
        if self.refusals:
            self.refusals -= 1
            return 503, json.dumps({"detail": "in a moment"})
        match method, path.removeprefix("/api/v1/jobs/").split("/"):
            case "POST", ["trigger", workflow]:
                return self._trigger(headers["Idempotency-Key"], workflow, json.loads(body))
            case "GET", [run_id]:
                return self._run(int(run_id))
            case "GET", [_, "logs", task]:
                return 200, f"log of {task}\n"
        return 404, json.dumps({"detail": "no such thing"})

    def _trigger(self, key: str, workflow: str, body: Any) -> tuple[int, str]:
        self.triggers.append((key, body))
        if key not in self.runs:
            tasks = [{"name": name, "status": "pending"} for name in self.ends]
            number = RUN_ID + len(self.runs)
            self.runs[key] = {"id": number, "workflow_id": int(workflow), "status": "queued", "tasks": tasks}
        return 202, json.dumps(self.runs[key])

    def _run(self, run_id: int) -> tuple[int, str]:
        run = next(each for each in self.runs.values() if each["id"] == run_id)
        for step in run["tasks"]:
            if step["status"] not in OVER:
                step["status"] = self.ends[step["name"]]
                break
        statuses = {step["status"] for step in run["tasks"]}
        if statuses <= OVER:
            run["status"] = "failed" if statuses & {"failed", "blocked"} else "completed"
        return 200, json.dumps(run)


@contextmanager
def stand_in(ends: Mapping[str, str]) -> Iterator[StandIn]:
    """Serve a workflow whose steps end so, until the block ends."""
    standing_in = StandIn(ends)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, content = standing_in.respond(self.command, self.path, self.headers, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content.encode())))
            self.end_headers()
            self.wfile.write(content.encode())

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Write nothing into the output of tests."""

    with serving(Handler) as standing_in.url:
        yield standing_in
