"""Messages of the results queue, as Celery's transport writes them."""

from __future__ import annotations

import base64
from uuid import UUID

import orjson
import pytest

from operation_server.dispatch.reports import rejected
from operation_server.dispatch.results_source import decode
from satellite.contracts.identity import AttemptKey
from satellite.contracts.task_names import APPLY_OUTCOME, REPORT_STARTED
from satellite.testing import attempt_key_of


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


KEY = AttemptKey(7, 2, UUID("5f3c0d54-6f0b-4c5e-9a37-3d2c1f1f7f10"))


@pytest.mark.parametrize(
    ("uid", "key"),
    [
        (f'"uid":"{KEY.uid}",', KEY),
        # Of an older release.
        ("", attempt_key_of(7, 2)),
        (f'"uid":"{"-" * 36}",', None),
    ],
)
def test_of_a_broken_message_is_known_what_can_be_read(uid: str, key: AttemptKey | None) -> None:
    body = b'[[{"job_id":7,"attempt":2,%b"worker":"w","result":[[[[' % uid.encode()
    report = rejected(message(body, task=APPLY_OUTCOME), ValueError())
    assert (report.task, report.attempt, report.body) == (APPLY_OUTCOME, key, body)
    assert report.ends_attempt is (key is not None)


def test_of_what_is_no_message_nothing_is_known() -> None:
    report = rejected(b"\xff\0", ValueError())
    assert (report.task, report.attempt, report.body) == (None, None, b"\xff\0")
    assert not report.ends_attempt


def test_a_start_says_nothing_about_the_end() -> None:
    body = b'[[{"job_id":7,"attempt":2,"worker":"w"}]]'
    assert not rejected(message(body, task=REPORT_STARTED), ValueError()).ends_attempt
