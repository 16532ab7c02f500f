"""What plugins and other users say is shown, and moves no terminal, forges no line, is no markup."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from satellite.authoring.workflow_text import read_definition
from satellite.cli import checks
from satellite.cli.checks import Finding, Verdict
from satellite.client import SatelliteClient
from satellite.contracts.event import Event, EventType
from satellite.testing import AnsweringServer
from satellite.visible_text import make_log_visible, make_visible
from tests.unit.satellite.cli.conftest import CommandLine, Done, job

HOSTILE = "[red]\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp\r\n7 forged completed[/red]"
ACTING = set("\x1b\x07\x9b\u202e\r")


WORKFLOW: dict[str, Any] = {
    "id": 7, "name": "nightly", "revision": 1, "owner_id": 1,
    "created_at": "2026-11-25T00:00:00Z", "updated_at": "2026-11-25T00:00:00Z",
}  # fmt: skip
RUN: dict[str, Any] = {
    "id": 43, "kind": "run", "workflow_id": 7, "workflow_name": "nightly", "version": 1, "status": "failed",
    "trigger": "manual", "logical_date": "2026-11-25T00:00:00Z", "created_at": "2026-11-25T00:00:00Z",
}  # fmt: skip


def is_harmless(done: Done) -> bool:
    written = done.out + done.err
    lines = [line.lstrip() for line in written.splitlines()]
    return (
        "\\u001b]0;owned" in written
        and "[red]" in written
        and not ACTING & set(written)
        and not any(line.startswith("7 forged") for line in lines)
    )


@pytest.mark.parametrize(
    ("words", "route", "answer"),
    [
        ("job list", "GET /jobs", {"total": 1, "items": [job(error_message=HOSTILE)]}),
        ("job list", "GET /jobs", {"total": 1, "items": [job(status=HOSTILE)]}),
        ("job show 7", "GET /jobs/7", job(error_message=HOSTILE)),
        ("job show 7", "GET /jobs/7", job(result={HOSTILE: HOSTILE}, input_data=HOSTILE)),
        ("job explain 7", "GET /jobs/7/explain", {"reason": HOSTILE, "worker": [HOSTILE]}),
        ("job cancel 7", "POST /jobs/7/cancel", job(status=HOSTILE)),
        ("run adder --wait", "POST /jobs", job()),
        ("plugin list", "GET /plugins", {"total": 1, "items": [
            {"name": "adder", "version": "1", "description": HOSTILE}]}),
        ("workflow list", "GET /workflows", {"total": 1, "items": [WORKFLOW | {"name": HOSTILE}]}),
        ("workflow runs", "GET /jobs", {"total": 1, "items": [RUN | {"error_message": HOSTILE}]}),
        ("workflow watch 43", "GET /jobs/43", RUN | {"error_message": HOSTILE}),
        ("worker list", "GET /workers", {"total": 1, "items": [
            {"name": HOSTILE, "host": "h", "pid": 1, "version": "1", "runtime": "process", "queues": [],
             "slots": 1, "started_at": "2026-11-25T00:00:00Z", "seen_at": "2026-11-25T00:00:00Z"}]}),
    ],
)  # fmt: skip
def test_every_command_shows_it_harmless(  # noqa: PLR0917
    server: AnsweringServer,
    command: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    route: str,
    answer: Any,
) -> None:
    # Wide enough for a table to cut nothing.
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setattr(SatelliteClient, "events", hostile_events)
    server.answer(route, answer)
    server.answer("GET /jobs/7", answer if "show" in words else job(result=HOSTILE))

    assert is_harmless(command(*words.split()))


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_what_is_exported_is_harmless_and_the_same(
    server: AnsweringServer, command: CommandLine, form: str
) -> None:
    document = {"name": HOSTILE, "tasks": [{"name": "a", "python_callable": f"a = 1\n{HOSTILE}\n"}]}
    server.answer("GET /workflows/7", WORKFLOW)
    server.answer("GET /workflows/7/definition", document)

    done = command("workflow", "export", "7", "--format", form)

    assert not ACTING & set(done.out)
    assert read_definition(done.out, f"workflow.{form}") == document


@pytest.mark.parametrize("words", ["job show 7", "run adder"])
def test_errors_are_harmless(server: AnsweringServer, command: CommandLine, words: str) -> None:
    problem = {"detail": HOSTILE, "errors": [{"pointer": "/" + HOSTILE, "message": HOSTILE}]}
    server.answer("GET /jobs/7", problem, status=404)
    server.answer("POST /jobs", problem, status=400)

    done = command(*words.split())

    assert is_harmless(done)
    assert len(done.err.splitlines()) == 1


def test_the_reason_of_a_failed_job_is_harmless(
    server: AnsweringServer, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SatelliteClient, "events", hostile_events)
    server.answer("POST /jobs", job(status="queued"))
    server.answer("GET /jobs/7", job(status="failed", error_message=HOSTILE))

    assert is_harmless(command("run", "adder", "--wait"))


def test_watched_events_are_harmless(
    server: AnsweringServer, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SatelliteClient, "events", hostile_events)

    assert is_harmless(command("job", "watch", "7"))


def test_a_log_keeps_its_lines_and_tabs(server: AnsweringServer, command: CommandLine) -> None:
    server.answer("GET /jobs/7/logs", "one\r\n\ttwo\x1b[31m\n10 %\r20 %\n")

    assert command("job", "logs", "7").out == "one\n\ttwo\\u001b[31m\n10 %\\u000d20 %\n"


def test_json_says_exactly_what_the_server_said(server: AnsweringServer, command: CommandLine) -> None:
    server.answer("GET /jobs/7", job(result=HOSTILE))

    done = command("job", "show", "7", "--json")

    assert json.loads(done.out)["result"] == HOSTILE
    assert not ACTING & set(done.out)


def test_doctor_shows_findings_harmless_and_outlives_a_check(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check_name() -> Finding:
        return Finding(subject="Workers", verdict=Verdict.OK, found=HOSTILE)

    def check_gpu() -> Finding:
        raise TimeoutError("nvidia-smi hangs")

    monkeypatch.setattr(checks, "CHECKS", (check_name, check_gpu))

    done = command("doctor")

    assert is_harmless(done)
    assert (done.code, "nvidia-smi hangs" in done.out) == (0, True)


def test_only_what_acts_is_changed() -> None:
    assert make_visible("é 漢字 👩‍🔬 \\n [x] ~") == "é 漢字 👩‍🔬 \\n [x] ~"
    assert make_visible("a\tb\nc\x7f\x85\u2028\ud800") == "a\\u0009b\\u000ac\\u007f\\u0085\\u2028\\ud800"
    assert make_log_visible("a\tb\r\nc\n") == "a\tb\nc\n"


def hostile_events(*_: Any, **__: Any) -> Iterator[Event]:
    for type_, data in (
        (EventType.STATUS, {"status": "processing"}),
        (EventType.LOG, {"lines": [HOSTILE]}),
        (EventType.PROGRESS, {"fraction": 0.5, "message": HOSTILE}),
        (EventType.RESULT, {"status": "failed", "error": {"message": HOSTILE}}),
    ):
        yield Event(cursor="0-0:1", job_id=7, type=type_, data=data, at=datetime.now(UTC))
