"""What users and plugins say cannot pass for a line of the log, in a process that logs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

FORGED = "\n2026-01-01T00:00:00Z [info     ] admin logged in"
SCRIPT = f"""
import logging, structlog
from satellite.settings.log_lines import configure_logging
from satellite.settings.observability import LogSettings

configure_logging(LogSettings())
said = {FORGED!r} + "\\r\\x1b[2J\\x9b31m"
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
    lines = [line for line in logged(SATELLITE_LOG_JSON_LINES="true").splitlines() if line.startswith("{")]

    assert [json.loads(line)["level"] for line in lines] == ["info", "error"]
    assert json.loads(lines[0])["key"].startswith(FORGED)
