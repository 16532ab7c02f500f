"""A server that answers what a test wants, and the command line run against it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from satellite.cli.main import run_command


@dataclass
class FakeServer:
    """Answers by method and path; knows nothing else."""

    url: str = ""
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    bodies: list[Any] = field(default_factory=list)

    def answer(self, route: str, document: Any, *, status: int = 200) -> None:
        self.answers[route] = status, document


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    """A server to which the command line is logged in."""
    fake = FakeServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if body:
                fake.bodies.append(json.loads(body))
            route = f"{self.command} {self.path.partition('?')[0].removeprefix('/api/v1')}"
            status, document = fake.answers.get(route, (404, {"detail": f"no {route}"}))
            content = document.encode() if isinstance(document, str) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        fake.url = f"http://127.0.0.1:{httpd.server_port}"
        monkeypatch.setenv("SATELLITE_URL", fake.url)
        monkeypatch.setenv("SATELLITE_TOKEN", "a token")
        yield fake
        httpd.shutdown()
        thread.join()


@dataclass
class Done:
    """What a command wrote and ended with."""

    code: int
    out: str
    err: str


@dataclass
class CommandLine:
    """Runs commands in this process."""

    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Done:
        code = run_command(list(words))
        written = self.capsys.readouterr()
        return Done(code, written.out, written.err)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Run a command line."""
    return CommandLine(capsys)


def job(**changes: Any) -> dict[str, Any]:
    """Return a job as the server answers it."""
    return {
        "id": 7, "plugin_name": "adder", "plugin_version": "1", "status": "completed", "input_data": {},
        "result": {}, "created_at": "2026-11-25T00:00:00Z",
    } | changes  # fmt: skip
