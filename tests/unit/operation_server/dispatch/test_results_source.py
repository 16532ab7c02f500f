"""Messages of the results queue, as Celery's transport writes them."""

from __future__ import annotations

import base64

import orjson
import pytest

from operation_server.dispatch.reports import rejected
from operation_server.dispatch.results_source import decode
from satellite.contracts.task_names import APPLY_OUTCOME, REPORT_STARTED


def message(body: bytes, **headers: str) -> bytes:
    return orjson.dumps(
        {
            "body": base64.b64encode(body).decode(),
            "headers": headers,
            "properties": {"body_encoding": "base64"},
        }
    )


def test_the_one_argument_is_taken() -> None:
    task = decode(message(b'[[{"job_id": 1}], {}, {}]', task="apply"))
    assert task is not None
    assert (task.name, task.argument) == ("apply", {"job_id": 1})


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"{}", message(b"[]", task="t"), message(b"[[1], {}, {}]"), message(b"\xff", task="t")],
)
def test_what_cannot_be_read_is_refused(raw: bytes) -> None:
    with pytest.raises((ValueError, KeyError, IndexError, TypeError)):
        decode(raw)


def test_of_a_broken_message_is_known_what_can_be_read() -> None:
    body = b'[[{"job_id":7,"attempt":2,"worker":"w","result":[[[['
    report = rejected(message(body, task=APPLY_OUTCOME), ValueError())
    assert (report.task, report.attempt, report.body) == (APPLY_OUTCOME, (7, 2), body)
    assert report.ends_attempt


def test_of_what_is_no_message_nothing_is_known() -> None:
    report = rejected(b"\xff\0", ValueError())
    assert (report.task, report.attempt, report.body) == (None, None, b"\xff\0")
    assert not report.ends_attempt


def test_a_start_says_nothing_about_the_end() -> None:
    body = b'[[{"job_id":7,"attempt":2,"worker":"w"}]]'
    assert not rejected(message(body, task=REPORT_STARTED), ValueError()).ends_attempt
