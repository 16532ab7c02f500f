"""A server that gives the answers it was told to, for programs that use the API or the command line."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PREFIX = "/api/v1"


@dataclass
class AnsweringServer:
    """Answers by method and path, and keeps the bodies it was sent; whatever else is asked for is a 404."""

    url: str = ""
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    bodies: list[Any] = field(default_factory=list)

    def answer(self, route: str, document: Any, *, status: int = 200) -> None:
        """Answer a route such as `GET /jobs/7` from now on; text is sent as it is, all else as JSON."""
        self.answers[route] = status, document

    def respond(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Return the status and content for a request."""
        if body:
            self.bodies.append(json.loads(body))
        route = f"{method} {path.partition('?')[0].removeprefix(PREFIX)}"
        status, document = self.answers.get(route, (404, {"detail": f"no {route}"}))
        return status, (document if isinstance(document, str) else json.dumps(document)).encode()


@contextlib.contextmanager
def answering_server() -> Iterator[AnsweringServer]:
    """Serve on a free port of this machine until the block ends."""
    answering = AnsweringServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, content = answering.respond(self.command, self.path, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Write nothing into the output of tests."""

    with serving(Handler) as answering.url:
        yield answering


@contextlib.contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve by a handler on a free port of this machine until the block ends; yields its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{httpd.server_port}"
        finally:
            httpd.shutdown()
            thread.join()
