"""The lines of server mode: requests as they are written, answers as they are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from analysis_server.runtimes.answer import find_value_fault, too_large
from analysis_server.runtimes.log_capture import printable
from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.serving.call import Call
from satellite.contracts.outcome import ErrorKind, JobError

MESSAGE_CHARS_MAX = 2_000
_PLUGIN_KINDS = {ErrorKind.EXIT, ErrorKind.OOM, ErrorKind.INPUT, ErrorKind.OUTPUT}
_BREAKS = bytes.maketrans(b"\r\n", b"  ")


class Answer(NamedTuple):
    """An answer line: whose it is, and the result as JSON or an error."""

    id: str
    value: Any
    result_json: bytes
    error: dict[str, Any] | None


class NotAnAnswer(ValueError):
    """The line is none that a server may write to stdout."""


def request_line(calls: Sequence[Call]) -> bytes:
    """Write one request for these jobs: plain for one, a batch for several."""
    if len(calls) == 1:
        return _request(calls[0]) + b"\n"
    return b'{"batch":[' + b",".join(map(_request, calls)) + b"]}\n"


def _request(call: Call) -> bytes:
    # A line break in JSON is blank space: inside a string it would be written as \n.
    body = call.request.input_json.translate(_BREAKS)
    return b'{"id":"%b","input":%b}' % (call.id.encode(), body)


def is_ready_line(line: bytes) -> dict[str, Any] | None:
    """Return the first message of a server, None for anything else."""
    try:
        message = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return message if isinstance(message, dict) and message.get("ready") is True else None


def read_answer(line: bytes, calls: Sequence[Call]) -> Answer:
    """Read an answer line; raise `NotAnAnswer` for anything else."""
    if len(calls) == 1:
        exact = _read_exact(line, calls[0].id)
        if exact is not None:
            return exact
    try:
        message = orjson.loads(line)
    except orjson.JSONDecodeError:
        message = None
    if not isinstance(message, dict) or "id" not in message or not {"result", "error"} & message.keys():
        raise NotAnAnswer
    error = message.get("error")
    if error is not None:
        error = error if isinstance(error, dict) else {"message": str(error)}
    value = message.get("result")
    return Answer(str(message["id"]), value, orjson.dumps(value), error)


def _read_exact(line: bytes, call_id: str) -> Answer | None:
    """Read an answer as the SDK writes it, with the result kept byte for byte."""
    head = b'{"id":"%b","result":' % call_id.encode()
    line = line.rstrip()
    if not line.startswith(head) or not line.endswith(b"}"):
        return None
    body = line[len(head) : -1]
    try:
        return Answer(call_id, orjson.loads(body), body, None)
    except orjson.JSONDecodeError:
        return None


def find_answer_fault(answer: Answer, request: RunRequest) -> JobError | None:
    """Return why an answer is no result, or None."""
    if answer.error is not None:
        return _told_error(answer.error)
    if len(answer.result_json) > request.max_result_bytes:
        return too_large(answer.result_json, max_bytes=request.max_result_bytes)
    return find_value_fault(
        answer.value, answer.result_json, manifest=request.manifest, digest=request.plugin_digest
    )


def _told_error(error: dict[str, Any]) -> JobError:
    told = error.get("kind")
    kind = ErrorKind(told) if told in _PLUGIN_KINDS else ErrorKind.EXIT
    message = printable(str(error.get("message") or "").encode("utf-8", "replace"))[:MESSAGE_CHARS_MAX]
    code = error.get("exit_code")
    return JobError(
        kind=kind,
        message=message or "The plugin failed and did not say why.",
        exit_code=code if isinstance(code, int) and not isinstance(code, bool) else None,
    )
