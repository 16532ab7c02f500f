"""Any number of jobs: line-delimited JSON requests in, line-delimited JSON answers out."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from satellite.plugin import progress
from satellite.plugin.errors import InputRefused
from satellite.plugin.failure import Failure
from satellite.plugin.framing import decode
from satellite.plugin.invocation import Answer, Invocation
from satellite.plugin.streams import Streams

MARKS_VARIABLE = "SATELLITE_PLUGIN_LOG_MARKS"


def serve(invocation: Invocation, streams: Streams) -> int:
    """Answer requests in order until stdin ends, and return the exit code.

    A request is {"id", "input"} or {"batch": [{"id", "input"}, ...]}; an answer is {"id", "result"} or
    {"id", "error": {"kind", "message"}}, each on a line of its own. The first line is {"ready": true};
    its "begin_marks" promise a line `::begin@ID` on stderr before the first log line of each request, and
    its "log_marks" a line `::end@ID` after the last. The environment says which of them somebody reads.
    """
    wanted = os.environ.get(MARKS_VARIABLE, "end").split()
    progress.lines.begin_marks, progress.lines.end_marks = "begin" in wanted, "end" in wanted
    try:
        _write(streams, [_ready_line()])
        for line in streams.requests:
            if line.strip():
                _write(streams, _answer_line(invocation, line))
    except BrokenPipeError:
        return 0  # Nobody is left to answer, which ends a server as much as the end of its stdin.
    return 0


def _ready_line() -> str:
    log_marks = ',"log_marks":true' if progress.lines.end_marks else ""
    begin_marks = ',"begin_marks":true' if progress.lines.begin_marks else ""
    return f'{{"ready":true{log_marks}{begin_marks}}}'


def _answer_line(invocation: Invocation, line: bytes) -> list[str]:
    try:
        requests = _read_requests(decode(line))
    except InputRefused as error:
        return [_frame(None, f'"error":{json.dumps({"kind": "internal", "message": str(error)})}')]
    ids = [request["id"] for request in requests]
    if ids:
        progress.lines.begin_request(str(ids[0]))
    answers = invocation.answer_all(
        [request["input"] for request in requests],
        lambda places: progress.lines.begin([str(ids[place]) for place in places]),
    )
    # A batch that failed as a whole has one failure for all its jobs, and needs one traceback.
    for failure in {id(answer): answer for answer in answers if isinstance(answer, Failure)}.values():
        failure.print_traceback()
    if ids:
        progress.lines.end_request(str(ids[0]))
    return [_write_answer(job, answer) for job, answer in zip(ids, answers)]


def _read_requests(message: Any) -> Sequence[dict[str, Any]]:
    requests = message.get("batch", [message]) if isinstance(message, dict) else None
    if not isinstance(requests, list) or not all(
        isinstance(each, dict) and "id" in each and "input" in each for each in requests
    ):
        raise InputRefused('a request is {"id", "input"} or {"batch": [{"id", "input"}, ...]}')
    return requests


def _write_answer(job: Any, answer: Answer) -> str:
    if not isinstance(answer, Failure):
        return _frame(job, f'"result":{answer}')
    return _frame(job, f'"error":{json.dumps(answer.as_json())}')


def _frame(job: Any, body: str) -> str:
    """Return an answer line; the result in `body` is JSON text already."""
    return f'{{"id":{json.dumps(job)},{body}}}'


def _write(streams: Streams, lines: Sequence[str]) -> None:
    streams.answers.write("".join(f"{line}\n" for line in lines).encode())
    streams.answers.flush()
