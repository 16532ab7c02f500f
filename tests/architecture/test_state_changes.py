"""Only `jobs/transitions/` changes the state of a job (ADR 2), `workflows/transitions/` that of a run."""

from __future__ import annotations

import re
from pathlib import Path

SOURCES = Path("operation-server/src/operation_server")
WRITES = re.compile(r"update\s+jobs\b|update\(Job\b|insert\s+into\s+jobs\b|insert\(Job\b", re.IGNORECASE)
WRITES_RUNS = re.compile(
    r"(update|insert\s+into|delete\s+from)\s+(workflow_runs|run_tasks|run_steps|run_wakeups)\b"
    r"|(update|insert|delete)\((WorkflowRun|RunTask|RunStep|RunWakeup)\b",
    re.IGNORECASE,
)
ENDS_STEPS = SOURCES / "jobs" / "transitions" / "step_ends.py"
"""What ends a job ends its step, in the same transaction."""


def test_only_transitions_write_the_jobs_table() -> None:
    offenders = [
        str(path)
        for path in SOURCES.rglob("*.py")
        if "transitions" not in path.parts
        and "migrations" not in path.parts
        and WRITES.search(path.read_text())
    ]

    assert offenders == []


def test_only_transitions_write_runs() -> None:
    allowed = SOURCES / "workflows" / "transitions"
    offenders = [
        str(path)
        for path in SOURCES.rglob("*.py")
        if not path.is_relative_to(allowed)
        and path != ENDS_STEPS
        and "migrations" not in path.parts
        and WRITES_RUNS.search(path.read_text())
    ]

    assert offenders == []


def test_the_patterns_find_a_write() -> None:
    assert WRITES.search("UPDATE jobs SET status = 'failed'")
    assert any(WRITES.search(path.read_text()) for path in (SOURCES / "jobs" / "transitions").rglob("*.py"))
    assert WRITES_RUNS.search(ENDS_STEPS.read_text())
    assert not WRITES_RUNS.search("UPDATE workflow_schedules SET x = 1")
