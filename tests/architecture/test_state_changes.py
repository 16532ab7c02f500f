"""Only `jobs/transitions/` changes the state of a job (ADR 2)."""

from __future__ import annotations

import re
from pathlib import Path

SOURCES = Path("operation-server/src/operation_server")
WRITES = re.compile(r"update\s+jobs\b|update\(Job\b|insert\s+into\s+jobs\b|insert\(Job\b", re.IGNORECASE)


def test_only_transitions_write_the_jobs_table() -> None:
    offenders = [
        str(path)
        for path in SOURCES.rglob("*.py")
        if "transitions" not in path.parts
        and "migrations" not in path.parts
        and WRITES.search(path.read_text())
    ]

    assert offenders == []


def test_the_pattern_finds_a_write() -> None:
    assert WRITES.search("UPDATE jobs SET status = 'failed'")
    assert any(WRITES.search(path.read_text()) for path in (SOURCES / "jobs" / "transitions").rglob("*.py"))
