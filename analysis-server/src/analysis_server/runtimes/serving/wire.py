"""The lines of server mode: requests as they are written, answers as they are read."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from analysis_server.runtimes.port import ModelFolder, RunRequest
from analysis_server.runtimes.run.answer import find_value_fault, refused, too_large
from analysis_server.runtimes.run.log_capture import printable
from analysis_server.runtimes.serving.run import ServerRun
from satellite.contracts.json_text import JSONMalformed, JSONRefused, parse_json, write_json
from satellite.contracts.outcome import ErrorKind, JobError

MESSAGE_CHARS_MAX = 2_000
_PLUGIN_KINDS = {ErrorKind.EXIT, ErrorKind.OOM, ErrorKind.INPUT, ErrorKind.OUTPUT}
_EXIT_CODES = range(-(2**63), 2**63)
_USUAL_ANSWER = re.compile(rb'\s*\{\s*"id"\s*:\s*"([\w.-]+)"\s*,\s*"result"\s*:(.*)\}\s*', re.DOTALL)
"""How the SDK and most others write an answer, whose result is kept byte for byte."""
_BREAKS = bytes.maketrans(b"\r\n", b"  ")


class AnswerLine(NamedTuple):
    """An answer line: whose it is, and the result as JSON or an error."""

    id: str
    value: Any
    result_json: bytes
    error: dict[str, Any] | None


class NotAnAnswer(ValueError):
    """The line is none that a server may write to stdout."""


def request_line(runs: Sequence[ServerRun]) -> bytes:
    """Write one request for these jobs: plain for one, a batch for several."""
    if len(runs) == 1:
        return _request(runs[0]) + b"\n"
    return b'{"batch":[' + b",".join(map(_request, runs)) + b"]}\n"


def _request(run: ServerRun) -> bytes:
    # A line break in JSON is blank space: inside a string it would be written as \n.
    body = run.request.input_json.translate(_BREAKS)
    return b'{"id":"%b","input":%b}' % (run.id.encode(), body)


def is_ready_line(line: bytes) -> dict[str, Any] | None:
    """Return the first message of a server, None for anything else."""
    try:
        message = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return message if isinstance(message, dict) and message.get("ready") is True else None


def read_answer(line: bytes) -> AnswerLine:
    """Read an answer line; raise `NotAnAnswer` for anything else.

    What is wrong with a result alone is an error of its job, and no fault of the server.
    """
    usual = _USUAL_ANSWER.fullmatch(line)
    if usual is None:
        return _read_as_a_whole(line)
    run_id, written = usual[1].decode(), usual[2].strip()
    try:
        return AnswerLine(run_id, parse_json(written, bytes_max=None), written, None)
    except JSONMalformed as refusal:
        # Perhaps there are more keys behind the result.
        with contextlib.suppress(NotAnAnswer):
            return _read_as_a_whole(line)
        return _refused(run_id, refusal, written)
    except JSONRefused as refusal:
        return _refused(run_id, refusal, written)


def _read_as_a_whole(line: bytes) -> AnswerLine:
    try:
        message = parse_json(line, envelope_levels=1, bytes_max=None)
    except JSONRefused:
        message = None
    if not isinstance(message, dict) or "id" not in message or not {"result", "error"} & message.keys():
        raise NotAnAnswer
    run_id, value, error = str(message["id"]), message.get("result"), message.get("error")
    if error is not None:
        error = error if isinstance(error, dict) else {"message": str(error)}
    try:
        return AnswerLine(run_id, value, write_json(value).encode(), error)
    except JSONRefused as refusal:
        return _refused(run_id, refusal, line)


def _refused(run_id: str, refusal: JSONRefused, written: bytes) -> AnswerLine:
    return AnswerLine(run_id, None, b"null", {"kind": ErrorKind.OUTPUT, "message": refused(refusal, written)})


def find_answer_fault(answer: AnswerLine, request: RunRequest) -> JobError | None:
    """Return why an answer is no result, or None."""
    if answer.error is not None:
        return _told_error(answer.error)
    if len(answer.result_json) > request.max_result_bytes:
        return too_large(answer.result_json, max_bytes=request.max_result_bytes)
    schema = request.manifest.output_schema
    return find_value_fault(
        answer.value, answer.result_json, schema=schema, digest=request.plugin_digest
    ) or _find_model_fault(answer, request.model)


def _find_model_fault(answer: AnswerLine, model: ModelFolder | None) -> JobError | None:
    if model is None:
        return None
    digest, schema = _read_schema(model.output_schema_json)
    whose = f"the model {model.label}"
    return find_value_fault(answer.value, answer.result_json, schema=schema, digest=digest, whose=whose)


@functools.lru_cache(maxsize=256)
def _read_schema(text: str) -> tuple[str, dict[str, Any]]:
    """Return a schema and what it is remembered by."""
    return hashlib.sha256(text.encode()).hexdigest(), parse_json(text)


def _told_error(error: dict[str, Any]) -> JobError:
    told = error.get("kind")
    kind = ErrorKind(told) if isinstance(told, str) and told in _PLUGIN_KINDS else ErrorKind.EXIT
    message = printable(str(error.get("message") or "").encode("utf-8", "replace"))[:MESSAGE_CHARS_MAX]
    code = error.get("exit_code")
    return JobError(
        kind=kind,
        message=message or "The plugin failed and did not say why.",
        exit_code=code
        if isinstance(code, int) and not isinstance(code, bool) and code in _EXIT_CODES
        else None,
    )
