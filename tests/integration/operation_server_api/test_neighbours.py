"""Requests of one moment share a statement, and a poisoned one among them harms no other."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.dependencies import Services
from operation_server.jobs.submission.service import SubmissionService
from tests.integration.transitions.seed import new_job


async def test_only_the_poisoned_job_fails_and_none_is_stored_twice(
    user: httpx.AsyncClient, adder: dict[str, Any], engine: AsyncEngine
) -> None:
    services: Services = user._transport.app.state.services  # type: ignore[attr-defined]
    good = [new_job(adder["created_by"], adder["id"], "adder", input_data={"n": n}) for n in range(20)]
    poisoned = new_job(adder["created_by"], adder["id"], "adder", plugin_version=object())

    submit = services[SubmissionService]._submit
    stored = await asyncio.gather(
        *(submit(job) for job in (*good[:10], poisoned, *good[10:])), return_exceptions=True
    )

    failed = [each for each in stored if isinstance(each, BaseException)]
    assert [isinstance(each, TypeError) for each in failed] == [True]
    assert failed == [stored[10]]
    async with engine.connect() as connection:
        numbers = await connection.execute(text("SELECT (input_data ->> 'n')::int FROM jobs ORDER BY 1"))
        assert list(numbers.scalars()) == list(range(20))
