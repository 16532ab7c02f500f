"""Messages of the results queue, as Celery's transport writes them."""

from __future__ import annotations

import base64

import orjson

from operation_server.dispatch.results_source import decode


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


def test_what_cannot_be_read_is_none() -> None:
    for raw in (b"", b"[]", b"{}", message(b"[]", task="t"), message(b"[[1], {}, {}]"), message(b"\xff")):
        assert decode(raw) is None
