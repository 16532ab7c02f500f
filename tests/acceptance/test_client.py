"""The Python clients against a running platform."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from satellite.client import Fallback, JobFailed, SatelliteClient
from satellite.contracts.event import EventType
from tests.fixtures.clients import ClientKind, opened

FAILING = "example-failing"
CV = Fallback("cv", lambda asked: asked)


@pytest.fixture(params=list(ClientKind))
def client(request: pytest.FixtureRequest, api: httpx.Client) -> Iterator[SatelliteClient]:
    """A logged-in client of each kind."""
    url, token = str(api.base_url).removesuffix("/api/v1/"), api.headers["authorization"].split()[1]
    with opened(request.param, url, token=token) as client:
        yield client


def test_a_plugin_is_run_on_many_inputs_in_their_order_and_not_twice(
    request: pytest.FixtureRequest, client: SatelliteClient
) -> None:
    inputs = [{"how": "ok", "message": f"the {number}th"} for number in range(20)]
    told: list[int] = []
    options = {"at_once": 8, "progress": told.append, "idempotency_key": request.node.name}
    jobs, again = (list(client.map(FAILING, inputs, **options)) for _ in range(2))

    assert [job.status for job in jobs] == ["completed"] * 20
    assert [job.input_data for job in jobs] == inputs
    assert [job.id for job in again] == [job.id for job in jobs]
    assert told == [*range(1, 21)] * 2


def test_an_answer_says_what_made_it_and_a_failed_job_is_none(client: SatelliteClient) -> None:
    reply = client.run(FAILING, {"how": "ok"}, fallback=CV)
    assert reply.result["how"] == "ok"
    assert (reply.made_by.partition("@")[0], reply.degraded, reply.cached) == (FAILING, False, False)
    with pytest.raises(JobFailed) as failed:
        client.run(FAILING, {"how": "exit", "code": 3}, fallback=CV)
    assert failed.value.job.error is not None
    assert failed.value.job.error["kind"] == "exit"

    types = [event.type for event in client.events(failed.value.job.id, timeout_s=30)]
    assert (types[0], types[-1]) == (EventType.STATUS, EventType.RESULT)
    assert "about to give up" in client.logs(failed.value.job.id)
