"""The Python client against a running platform."""

from __future__ import annotations

import httpx

from satellite.client import SatelliteClient


def test_a_plugin_is_run_on_many_inputs_in_their_order_and_not_twice(api: httpx.Client) -> None:
    url, token = str(api.base_url).removesuffix("/api/v1/"), api.headers["authorization"].split()[1]
    inputs = [{"how": "ok", "message": f"the {number}th"} for number in range(20)]
    told: list[int] = []
    with SatelliteClient(url, token=token) as client:
        jobs, again = (
            list(
                client.map("example-failing", inputs, at_once=8, progress=told.append, idempotency_key="once")
            )
            for _ in range(2)
        )

    assert [job.status for job in jobs] == ["completed"] * 20
    assert [job.input_data for job in jobs] == inputs
    assert [job.id for job in again] == [job.id for job in jobs]
    assert told == [*range(1, 21)] * 2
