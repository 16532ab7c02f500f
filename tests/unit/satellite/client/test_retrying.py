"""What the client asks again by itself, and what it never does."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from satellite.client import APIError, NotFound, SatelliteClient, ServerUnreachable, TooManyRequests
from tests.unit.satellite.client.conftest import Mocked

JOB = {
    "id": 7, "plugin_name": "adder", "plugin_version": "1", "status": "completed",
    "created_at": "2026-11-25T00:00:00Z",
}  # fmt: skip
Step = httpx.Response | type[httpx.TransportError]


class Server:
    """Answers one step after the other, and remembers what it was asked."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        step = self.steps.pop(0)
        if isinstance(step, httpx.Response):
            return step
        raise step("no")


def ok() -> httpx.Response:
    return httpx.Response(200, json=JOB)


@pytest.mark.parametrize(
    "steps",
    [
        [httpx.ConnectError, httpx.ReadTimeout],
        [httpx.Response(status) for status in (502, 503, 504)],
        [httpx.Response(429, headers={"Retry-After": "0"})],
    ],
)
@pytest.mark.parametrize(
    "ask", [lambda client: client.get_job(7), lambda client: client.submit("adder", 1)], ids=["get", "submit"]
)
def test_what_passes_is_asked_again(
    mocked: Mocked, steps: list[Step], ask: Callable[[SatelliteClient], object]
) -> None:
    server = Server(*steps, ok())
    ask(mocked(server, 5))
    assert server.steps == []
    keys = {request.headers.get("Idempotency-Key") for request in server.asked}
    assert len(keys) == 1, "a submission that is repeated would be another job"


def test_a_limit_is_waited_for_as_long_as_it_says(mocked: Mocked) -> None:
    with pytest.raises(TooManyRequests):
        mocked(Server(httpx.Response(429, headers={"Retry-After": "60"})), 5).get_job(7)


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (httpx.ReadTimeout, ServerUnreachable),
        (httpx.Response(503), APIError),
        (httpx.Response(404), NotFound),
    ],
)
def test_what_may_have_had_an_effect_is_not_done_twice(
    mocked: Mocked, step: Step, error: type[Exception]
) -> None:
    server = Server(step, ok())
    with pytest.raises(error):
        mocked(server, 5).retry(7)
    assert len(server.asked) == 1


def test_what_reached_nobody_is_repeated_whatever_it_is(mocked: Mocked) -> None:
    server = Server(httpx.ConnectError, httpx.Response(429, headers={"Retry-After": "0"}), ok())
    assert mocked(server, 5).retry(7).id == 7


@pytest.mark.parametrize("retry_for_s", [0, 0.3])
def test_the_last_error_is_told_when_the_time_is_over(mocked: Mocked, retry_for_s: float) -> None:
    server = Server(*[httpx.Response(503, json={"detail": f"no {number}"}) for number in range(100)])
    with pytest.raises(APIError, match=r"no \d+"):
        mocked(server, retry_for_s).get_job(7)
    assert (len(server.asked) == 1) is (retry_for_s == 0)


def test_who_waits_for_a_job_waits_for_its_server_too(mocked: Mocked) -> None:
    server = Server(httpx.Response(502), httpx.ConnectError, ok())
    assert mocked(server, 0).wait(7).is_finished
