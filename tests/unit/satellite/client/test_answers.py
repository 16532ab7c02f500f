"""Answers that no operation server of this version gives: each becomes an error that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from satellite.client import (
    AnswerUnreadable,
    APIError,
    NotFound,
    Refused,
    RequestUnfit,
    SatelliteClient,
    ServerUnreachable,
    TooManyRequests,
)
from tests.fixtures.clients import ClientKind, opened
from tests.unit.satellite.client.conftest import Mocked

JOB = {
    "id": 7, "plugin_name": "adder", "plugin_version": "1", "status": "completed",
    "created_at": "2026-11-25T00:00:00Z",
}  # fmt: skip
PAGE = "<html><body><h1>Bad Gateway</h1></body></html>"


ClientOf = Callable[[Callable[[httpx.Request], httpx.Response] | httpx.Response], SatelliteClient]


@pytest.fixture
def client_of(mocked: Mocked) -> ClientOf:
    def of(answer: Callable[[httpx.Request], httpx.Response] | httpx.Response) -> SatelliteClient:
        return mocked(answer if callable(answer) else lambda _: answer)

    return of


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (httpx.Response(502, html=PAGE), APIError, "a proxy in front of it, answered 502 Bad Gateway"),
        (httpx.Response(404, html=PAGE), NotFound, "satellite.example answered 404 Not Found"),
        (httpx.Response(500, content=b""), APIError, "500 Internal Server Error without saying why"),
        (httpx.Response(500, json=["x"]), APIError, "500 Internal Server Error"),
        (httpx.Response(400, json={"detail": "no", "errors": "some"}), Refused, "no"),
        (httpx.Response(400, json={"detail": "no", "errors": {"a": 1}}), Refused, "no"),
        (httpx.Response(415, json={"detail": "send JSON"}), Refused, "send JSON"),
        (httpx.Response(200, html=PAGE), AnswerUnreadable, "text/html.* that is not JSON"),
        (httpx.Response(200, content=b'{"id": 7, "pl'), AnswerUnreadable, "not JSON"),
        (httpx.Response(200, content=b"[" * 100_000), AnswerUnreadable, "not JSON"),
        (httpx.Response(200, content=b"\xff\xfe"), AnswerUnreadable, "not JSON"),
        (httpx.Response(200, json=[1]), AnswerUnreadable, "too old"),
        (httpx.Response(200, json={"id": 7}), AnswerUnreadable, "plugin_name: Field required"),
        (httpx.Response(204), AnswerUnreadable, "too old"),
        (httpx.Response(307, headers={"Location": "https://x/y"}), AnswerUnreadable, "on to https://x/y;"),
        (httpx.Response(301), AnswerUnreadable, "on to None"),
    ],
)  # fmt: skip
def test_odd_answers_are_told(
    client_of: ClientOf, answer: httpx.Response, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        client_of(answer).get_job(7)


def test_an_answer_that_cannot_be_unpacked(client_of: ClientOf) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip"))

    with pytest.raises(AnswerUnreadable, match="unpacked"):
        client_of(answer).get_job(7)


@pytest.mark.parametrize(
    ("given", "seconds"), [("3", 3), ("Wed, 25 Nov 2026 12:00:00 GMT", 1), ("", 1), ("-1", 1)]
)
def test_when_to_come_back(client_of: ClientOf, given: str, seconds: float) -> None:
    with pytest.raises(TooManyRequests) as found:
        client_of(httpx.Response(429, headers={"Retry-After": given})).get_job(7)

    assert found.value.retry_after_s == seconds


def test_states_of_a_newer_server_are_taken(client_of: ClientOf) -> None:
    newer = client_of(httpx.Response(200, json=JOB | {"status": "archived", "mood": "fine"})).get_job(7)
    known = client_of(httpx.Response(200, json=JOB)).get_job(7)

    assert (newer.status, newer.is_finished) == ("archived", False)
    assert (known.status, known.is_finished) == ("completed", True)


@pytest.mark.parametrize("value", [float("nan"), "\ud800", object()])
def test_input_that_is_no_json_is_not_sent(client_of: ClientOf, value: Any) -> None:
    with pytest.raises(RequestUnfit, match="cannot be written"):
        client_of(httpx.Response(202, json=JOB)).submit("adder", value)


@pytest.mark.parametrize("url", ["http://[", "http://a:b", "http://\x00"])
def test_what_is_no_address_is_told(kind: ClientKind, url: str) -> None:
    with pytest.raises((RequestUnfit, ServerUnreachable)), opened(kind, url, retry_for_s=0) as client:
        client.get_job(7)


@pytest.mark.parametrize("secret", ["tök€n", "token\n", "\udcff"])
@pytest.mark.parametrize("kind", ["token", "api_key"])
def test_a_secret_that_no_header_takes_is_told_without_it(kind: str, secret: str) -> None:
    with pytest.raises(RequestUnfit, match="no header takes") as found:
        SatelliteClient("http://satellite.example", **{kind: secret})  # type: ignore[arg-type]

    assert "tok" not in str(found.value).replace("token", "")
