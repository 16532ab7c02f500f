"""What could not be applied is there for admins to see, and for nobody else."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import Engine

from operation_server.rejections import repository
from satellite.testing import attempt_key_of
from tests.integration.operation_server_api.test_metrics import scrape


@pytest.fixture
def rejected(blocking_engine: Engine) -> None:
    """Two reports that were set aside, the second one longer than what is shown of it."""
    with blocking_engine.begin() as connection:
        for number, body in ((1, b"\xff{"), (2, b"x" * 5_000)):
            assert repository.keep(
                connection,
                message=body,
                task="satellite.jobs.apply_outcome",
                attempt=attempt_key_of(number, 3),
                reason="ValueError: it\0was bad",
                body=body,
            )


@pytest.mark.usefixtures("rejected")
async def test_admins_see_them_newest_first(admin: httpx.AsyncClient) -> None:
    page = (await admin.get("/rejected-reports")).json()
    assert page["total"] == 2
    newest, oldest = page["items"]
    assert (newest["job_id"], newest["attempt"], newest["body_bytes"]) == (2, 3, 5_000)
    assert newest["body_start"] == "x" * 1_000
    assert oldest["body_start"] == "\ufffd{"
    assert oldest["reason"] == "ValueError: it\ufffdwas bad"

    page = (await admin.get("/rejected-reports", params={"skip": 1, "limit": 1})).json()
    assert (page["total"], [item["id"] for item in page["items"]]) == (2, [oldest["id"]])


async def test_others_do_not(user: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    assert (await user.get("/rejected-reports")).status_code == 403
    assert (await stranger.get("/rejected-reports")).status_code == 401


@pytest.mark.usefixtures("rejected")
async def test_how_many_are_kept_is_in_the_metrics(admin: httpx.AsyncClient) -> None:
    assert (await scrape(admin))["satellite_rejected_reports",] == 2
