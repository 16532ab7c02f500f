"""What users and plugins say cannot pass for a line of the log, in a process that logs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from satellite.settings.log_lines import hide_credentials

FORGED = "\n2026-01-01T00:00:00Z [info     ] admin logged in"
SCRIPT = f"""
import logging, os, structlog
from satellite.settings.log_lines import configure_logging
from satellite.settings.observability import LogSettings

configure_logging(LogSettings())
said = os.environ.get("SAID") or {FORGED!r} + "\\r\\x1b[2J\\x9b31m"
structlog.contextvars.bind_contextvars(request_id="r1")
log = structlog.get_logger("x")
log.info(said, key=said, error=repr(said), several=[said])
logging.getLogger("library").warning("of a user: %s", said)
for tell in (log.error, logging.getLogger("library").error):
    try:
        raise ValueError(said)
    except ValueError as error:
        tell("failed", exc_info=error)
"""


def logged(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=os.environ | environment,
        capture_output=True,
        check=True,
    )
    return done.stderr.decode()


def test_no_line_is_forged_and_no_terminal_is_moved() -> None:
    output = logged()

    lines = output.split("\n")
    assert output.count("admin logged in") >= 6
    assert not [line for line in lines if line.startswith("2026-01-01")]
    assert not {"\r", "\x1b", "\x9b"} & set(output)


def test_json_lines_are_one_line_each() -> None:
    lines = [json.loads(line) for line in logged(SATELLITE_LOG_JSON_LINES="true").splitlines()]

    # Those of libraries too.
    assert [line["level"] for line in lines] == ["info", "warning", "error", "error"]
    assert lines[0]["key"].startswith(FORGED)
    assert (lines[1]["logger"], lines[1]["request_id"]) == ("library", "r1")
    assert "ValueError" in lines[3]["exception"]


CREDENTIALS = {
    "an API key": "sat_7_" + "q" * 43 + "0badcafe",
    "a header": "Bearer eyJhbGciOiJIUzI1NiJ9.qqqqqqqq.qqqq",
    "an address": "redis://:qqqqqqqqqq@cache.example:6379/0",
    "another address": "postgresql+psycopg://satellite:qqqqqqqqqq@db.example/satellite",
    "a ticket": '"WebSocket /api/v1/ws/jobs?ticket=qqqqqqqqqq&after=0-0:1" [accepted]',
}


@pytest.mark.parametrize("secret", CREDENTIALS.values(), ids=CREDENTIALS)
@pytest.mark.parametrize("json_lines", ["true", "false"])
def test_no_credential_is_logged(secret: str, json_lines: str) -> None:
    output = logged(SATELLITE_LOG_JSON_LINES=json_lines, SAID=secret)

    assert "***" in output
    assert "qqqq" not in output


def test_what_is_none_is_kept() -> None:
    for text in (
        "http://127.0.0.1:8000/a@b",
        "a basic thing",
        "the key=7",
        "ada@example.com",
        "took 12:30:01",
    ):
        assert hide_credentials(text) == text
