"""The answer to a submission tells times by the text that every later answer has."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.jobs.document import submitted_document
from satellite.testing import attempt_key_of
from tests.integration.transitions.seed import new_job

TIMES = ("created_at", "run_at", "expires_at")


@pytest.mark.parametrize("microsecond", [0, 1, 390_830, 500_000, 999_999])
async def test_times_are_written_as_postgresql_writes_them(engine: AsyncEngine, microsecond: int) -> None:
    moment = datetime(2026, 11, 25, 8, 0, 0, microsecond, tzinfo=UTC)
    job = new_job(1, 1, expires_in_s=7)
    shown = json.loads(submitted_document(job, key=attempt_key_of(1).job, created_at=moment).text)
    statement = text(
        "SELECT json_build_object('created_at', t, 'run_at', t, 'expires_at', t + interval '7 s')"
        " FROM (SELECT CAST(:moment AS timestamptz) AS t) AS times"
    )
    async with engine.connect() as connection:
        stored = (await connection.execute(statement, {"moment": moment})).scalar_one()
    assert {name: shown[name] for name in TIMES} == stored
