"""The command line, run against a server that answers what a test wants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from satellite.cli.main import run_command
from satellite.testing import AnsweringServer, answering_server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[AnsweringServer]:
    """A server to which the command line is logged in."""
    with answering_server() as server:
        monkeypatch.setenv("SATELLITE_URL", server.url)
        monkeypatch.setenv("SATELLITE_TOKEN", "a token")
        yield server


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
