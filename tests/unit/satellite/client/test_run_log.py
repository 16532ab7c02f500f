"""What is asked for to follow the log of a run, whatever becomes of the connection."""

from __future__ import annotations

import json
from typing import Any

import pytest

from satellite.client.calls import Done, Item, Listen, Pause, Receive, Renew, resume
from satellite.client.connection import Connection
from satellite.client.errors import NotAuthenticated, NotFound, ServerUnreachable
from satellite.client.run_log import stream_run_log

RESULT = json.dumps({"cursor": "9-0:9", "type": "result", "data": {"status": "completed"}})


class Asked(Connection):
    """Sends nothing."""

    def _open(self) -> None:
        pass


def line(text: str, cursor: str) -> str:
    data = {"attempt": 1, "lines": [text]}
    return json.dumps({"cursor": cursor, "type": "log", "data": data, "task": "a", "map_index": None})


def play(*answers: Any) -> tuple[list[str], list[Any], Any]:
    """Answer one effect after the other; return the lines, what was asked, and the end."""
    flow = stream_run_log(Asked("http://server.example", token="t"), 7)
    lines: list[str] = []
    asked: list[Any] = []
    waiting = list(answers)
    step: Any = resume(flow)
    while not isinstance(step, Done):
        if isinstance(step, Item):
            lines += step.value.lines
            step = resume(flow)
            continue
        asked.append(step)
        if isinstance(step, Pause | Listen) and not isinstance(waiting[0], Exception):
            step = resume(flow)
            continue
        answer = waiting.pop(0)
        is_error = isinstance(answer, Exception)
        step = resume(flow, error=answer) if is_error else resume(flow, answer)
    return lines, asked, waiting


def cursors(asked: list[Any]) -> list[Any]:
    return [each.request.params["after"] for each in asked if isinstance(each, Listen)]


def test_it_goes_on_after_the_last_line_when_a_connection_is_lost() -> None:
    lines, asked, left = play(
        line("one", "1-0:0"), EOFError(), line("two", "2-0:0"), ServerUnreachable("away"), RESULT
    )
    assert (lines, left) == (["one", "two"], [])
    assert cursors(asked) == [None, "1-0:0", "2-0:0"]


def test_what_only_a_newer_server_tells_is_passed_over() -> None:
    lines, _, _ = play("no JSON", json.dumps({"type": "other"}), line("one", "1-0:0"), RESULT)
    assert lines == ["one"]


def test_a_login_that_has_ended_is_renewed_once() -> None:
    refused = NotAuthenticated(401, {})
    lines, asked, _ = play(refused, True, RESULT)
    assert (lines, [type(each) for each in asked]) == ([], [Listen, Renew, Listen, Receive])
    with pytest.raises(NotAuthenticated):
        play(refused, True, refused)
    with pytest.raises(NotAuthenticated):
        play(refused, False)


def test_what_is_refused_is_not_asked_again() -> None:
    with pytest.raises(NotFound):
        play(NotFound(404, {}))


def test_it_gives_up_when_nobody_answers_for_long() -> None:
    with pytest.raises(ServerUnreachable):
        play(*[ServerUnreachable("away")] * 40)
