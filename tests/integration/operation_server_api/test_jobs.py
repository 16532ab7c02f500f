"""Submitting, reading, cancelling and repeating jobs."""

from __future__ import annotations

import asyncio
import random
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.jobs.transitions import apply_outcomes
from operation_server.models import JobLog
from satellite.contracts.outcome import Outcome
from tests.integration.operation_server_api.conftest import MANIFEST, find_uid, set_job


async def finish(engine: AsyncEngine, job_id: int, **fields: Any) -> None:
    """End a job's first attempt as a worker would."""
    await set_job(engine, job_id, "attempt = attempt + 1, dispatched_at = now()")
    now = datetime.now(UTC)
    outcome = Outcome(
        job_id=job_id, attempt=1, uid=await find_uid(engine, job_id), worker="w",
        started_at=now, finished_at=now,
        **{"status": "completed", "result_json": '{"sum": 2}', **fields},
    )  # fmt: skip
    async with engine.begin() as connection:
        await connection.run_sync(apply_outcomes, [outcome])


class TestSubmit:
    async def test_a_retry_policy_of_its_own(self, submit: Any, user: httpx.AsyncClient) -> None:
        job = await submit(retry={"max_retries": 1, "delay_s": 0.5})
        own = {"max_retries": 1, "delay_s": 0.5, "factor": 2.0, "max_delay_s": 300.0, "kinds": None}
        assert (job["retry"], job["max_retries"]) == (own, 1)
        assert (await user.get(f"/jobs/{job['id']}")).json() == job
        assert (await submit())["retry"] is None

        body = {"plugin_name": "adder", "input_data": {"n": 1}, "retry": {"max_retries": 4}}
        refused = await user.post("/jobs/batch", json={"jobs": [body]})
        assert [error["pointer"] for error in refused.json()["errors"]] == ["/jobs/0/retry/max_retries"]
        assert (await user.post("/jobs", json=body | {"retry": {"tries": 1}})).status_code == 422

    async def test_202_with_the_whole_job(self, submit: Any, user: httpx.AsyncClient) -> None:
        job = await submit(priority=9, timeout_s=5, max_retries=0, queue_ttl_s=60)
        read = (await user.get(f"/jobs/{job['id']}")).json()

        assert job["status"] == "queued"
        assert (job["priority"], job["timeout_s"], job["max_retries"]) == (9, 5, 0)
        assert job == read

    async def test_the_latest_registration_is_taken_unless_a_version_is_given(
        self, submit: Any, user: httpx.AsyncClient
    ) -> None:
        await user.post("/plugins", json={**MANIFEST, "version": "0.9"})

        assert (await submit())["plugin_version"] == "0.9"
        assert (await submit(plugin_version="1.0.0"))["plugin_version"] == "1.0.0"

    async def test_each_violation_has_its_pointer(self, user: httpx.AsyncClient, adder: Any) -> None:
        body = {"plugin_name": "adder", "input_data": {"n": "one", "a/b": 1}, "timeout_s": 61}

        answer = await user.post("/jobs", json=body)

        assert answer.status_code == 400
        pointers = sorted(error["pointer"] for error in answer.json()["errors"])
        assert pointers == ["/input_data/a~1b", "/input_data/n", "/timeout_s"]

    @pytest.mark.parametrize(
        "change", [{"priority": 10}, {"inputs": {}}, {"timeout_s": 0}, {"plugin_name": 1}]
    )
    async def test_malformed_requests_are_422(
        self, user: httpx.AsyncClient, adder: Any, change: dict[str, Any]
    ) -> None:
        answer = await user.post("/jobs", json={"plugin_name": "adder", "input_data": {"n": 1}, **change})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(change))}"

    @pytest.mark.parametrize(
        "body",
        [
            b'{"plugin_name": ',
            b'{"plugin_name": "adder", "input_data": {"n": NaN}}',
            b'{"plugin_name": "adder", "input_data": {"n": 1, "s": "\\u0000"}}',
            b'{"plugin_name": "adder", "input_data": {"n": 1, "s": "\\ud800"}}',
            b'{"plugin_name": "adder", "input_data": ' + b"[" * 2000 + b"]" * 2000 + b"}",
            b"\xff",
        ],
    )
    async def test_what_cannot_be_stored_is_422(
        self, user: httpx.AsyncClient, adder: Any, body: bytes
    ) -> None:
        answer = await user.post("/jobs", content=body, headers={"content-type": "application/json"})

        assert answer.status_code == 422, answer.text

    async def test_an_escaped_backslash_is_no_nul(self, submit: Any, user: httpx.AsyncClient) -> None:
        job = await submit(input_data={"n": 1, "s": "\\u0000"})

        assert (await user.get(f"/jobs/{job['id']}")).json()["input_data"]["s"] == "\\u0000"


class TestIdempotency:
    async def test_the_same_request_gives_the_first_job(self, user: httpx.AsyncClient, adder: Any) -> None:
        body = {"plugin_name": "adder", "input_data": {"n": 1, "m": 2}}
        turned = {"input_data": {"m": 2, "n": 1}, "plugin_name": "adder"}
        headers = {"Idempotency-Key": "k"}

        first = await user.post("/jobs", json=body, headers=headers)
        again = await user.post("/jobs", json=turned, headers=headers)
        other = await user.post("/jobs", json={**body, "priority": 1}, headers=headers)

        assert (first.status_code, again.status_code, other.status_code) == (202, 202, 409)
        assert first.json()["id"] == again.json()["id"]
        assert "idempotent-replay" not in first.headers
        assert again.headers["idempotent-replay"] == "true"

    async def test_twenty_at_once_make_one_job(self, user: httpx.AsyncClient, adder: Any) -> None:
        body = {"plugin_name": "adder", "input_data": {"n": 1}}

        answers = await asyncio.gather(
            *(user.post("/jobs", json=body, headers={"Idempotency-Key": "k"}) for _ in range(20))
        )

        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert (await user.get("/jobs")).json()["total"] == 1

    async def test_keys_of_other_people_do_not_matter(
        self, user: httpx.AsyncClient, admin: httpx.AsyncClient, adder: Any
    ) -> None:
        body = {"plugin_name": "adder", "input_data": {"n": 1}}

        ids = [
            (await client.post("/jobs", json=body, headers={"Idempotency-Key": "k"})).json()["id"]
            for client in (user, admin)
        ]

        assert ids[0] != ids[1]


class TestBatch:
    async def test_ids_in_order(self, user: httpx.AsyncClient, adder: Any) -> None:
        jobs = [{"plugin_name": "adder", "input_data": {"n": n}} for n in range(1000)]

        answer = await user.post("/jobs/batch", json={"jobs": jobs})

        assert answer.status_code == 202
        ids = answer.json()["ids"]
        assert len(ids) == 1000
        job = (await user.get(f"/jobs/{ids[17]}")).json()
        assert job["input_data"] == {"n": 17}

    async def test_one_bad_job_refuses_all_and_is_named_by_index(
        self, user: httpx.AsyncClient, adder: Any
    ) -> None:
        jobs: list[dict[str, Any]] = [{"plugin_name": "adder", "input_data": {"n": n}} for n in range(20)]
        jobs[17]["input_data"] = {"n": "x"}
        jobs[19]["plugin_name"] = "none"

        answer = await user.post("/jobs/batch", json={"jobs": jobs})

        assert answer.status_code == 400
        pointers = [error["pointer"] for error in answer.json()["errors"]]
        assert pointers == ["/jobs/17/input_data/n", "/jobs/19/plugin_name"]
        assert (await user.get("/jobs")).json()["total"] == 0

    async def test_keys_of_items(self, user: httpx.AsyncClient, adder: Any) -> None:
        item = {"plugin_name": "adder", "input_data": {"n": 1}}
        keyed = {**item, "idempotency_key": "k"}

        first = (await user.post("/jobs/batch", json={"jobs": [keyed, item, keyed]})).json()
        again = (await user.post("/jobs/batch", json={"jobs": [keyed]})).json()
        alone = await user.post("/jobs", json=item, headers={"Idempotency-Key": "k"})
        other = await user.post("/jobs/batch", json={"jobs": [item, {**keyed, "priority": 1}]})

        assert first["ids"][0] == first["ids"][2] != first["ids"][1]
        assert first["replayed"] == 1
        assert again == {"total": 1, "ids": first["ids"][:1], "replayed": 1}
        assert alone.json()["id"] == first["ids"][0]
        assert other.status_code == 409
        assert other.json()["errors"][0]["pointer"] == "/jobs/1/idempotency_key"
        assert (await user.get("/jobs")).json()["total"] == 2

    async def test_ten_batches_with_one_key_at_once_make_one_job(
        self, user: httpx.AsyncClient, adder: Any
    ) -> None:
        keyed = {"plugin_name": "adder", "input_data": {"n": 1}, "idempotency_key": "k"}

        answers = await asyncio.gather(*(user.post("/jobs/batch", json={"jobs": [keyed]}) for _ in range(10)))

        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.json()["ids"][0] for answer in answers}) == 1

    async def test_at_most_a_thousand(self, user: httpx.AsyncClient, adder: Any) -> None:
        item = {"plugin_name": "adder", "input_data": {"n": 1}}

        assert (await user.post("/jobs/batch", json={"jobs": [item] * 1001})).status_code == 422
        assert (await user.post("/jobs/batch", json={"jobs": []})).status_code == 422


class TestWait:
    async def test_200_as_soon_as_the_outcome_is_committed(
        self, user: httpx.AsyncClient, adder: Any, engine: AsyncEngine
    ) -> None:
        body = {"plugin_name": "adder", "input_data": {"n": 1}}
        asking = asyncio.create_task(user.post("/jobs", json=body, headers={"Prefer": "wait=30"}))
        while not (items := (await user.get("/jobs")).json()["items"]):
            await asyncio.sleep(0.01)

        await finish(engine, items[0]["id"])
        answer = await asking

        assert answer.status_code == 200
        assert answer.headers["preference-applied"] == "wait=30"
        assert answer.json()["result"] == {"sum": 2}

    async def test_202_after_the_time(self, user: httpx.AsyncClient, adder: Any) -> None:
        body = {"plugin_name": "adder", "input_data": {"n": 1}}

        answer = await user.post("/jobs", json=body, headers={"Prefer": "wait=1"})

        assert answer.status_code == 202
        assert answer.json()["status"] == "queued"


class TestRead:
    async def test_other_peoples_jobs(
        self, submit: Any, stranger: httpx.AsyncClient, other: httpx.AsyncClient, admin: httpx.AsyncClient
    ) -> None:
        job = await submit()
        eve = other.headers
        path = f"/jobs/{job['id']}"

        for suffix in ("", "/logs", "/attempts", "/events", "/explain"):
            assert (await stranger.get(path + suffix, headers=eve)).status_code == 403, suffix
        for suffix in ("/cancel", "/retry"):
            assert (await stranger.post(path + suffix, headers=eve)).status_code == 403, suffix
        assert (await stranger.get("/jobs", headers=eve)).json()["total"] == 0
        assert (await admin.get(path)).status_code == 200
        assert (await admin.get("/jobs")).json()["total"] == 1

    async def test_unknown_jobs(self, user: httpx.AsyncClient) -> None:
        assert (await user.get("/jobs/999")).status_code == 404
        assert (await user.get("/jobs/99999999999999999999")).status_code == 422
        assert (await user.get("/jobs/x")).status_code == 404

    async def test_pages_by_cursor_and_filters(self, submit: Any, user: httpx.AsyncClient) -> None:
        ids = [(await submit())["id"] for _ in range(5)]
        await user.post(f"/jobs/{ids[0]}/cancel")

        first = (await user.get("/jobs", params={"limit": 3})).json()
        second = (await user.get("/jobs", params={"limit": 3, "cursor": first["next_cursor"]})).json()
        cancelled = (await user.get("/jobs", params={"status": "cancelled", "plugin_name": "adder"})).json()

        assert [item["id"] for item in first["items"] + second["items"]] == ids[::-1]
        assert first["total"] == second["total"] == 5
        assert second["next_cursor"] is None
        assert [item["id"] for item in cancelled["items"]] == ids[:1]
        assert (await user.get("/jobs", params={"limit": 201})).status_code == 422
        assert (await user.get("/jobs", params={"status": "done"})).status_code == 422

    async def test_large_payloads_are_left_out_of_lists(self, submit: Any, user: httpx.AsyncClient) -> None:
        noise = random.Random(7).randbytes(6_000).hex()
        await submit(input_data={"n": 1, "noise": noise})
        await submit(input_data={"n": 1, "compressible": "x" * 100_000})
        small = await submit(input_data={"n": 1})

        listed = (await user.get("/jobs")).json()["items"]

        assert [item["input_data"] for item in listed] == [small["input_data"], None, None]

    async def test_logs(self, submit: Any, user: httpx.AsyncClient, engine: AsyncEngine) -> None:
        job = await submit()
        assert (await user.get(f"/jobs/{job['id']}/logs")).text == ""
        rows = [
            {"job_id": job["id"], "attempt": attempt, "text_zlib": zlib.compress(text), "total_bytes": 1}
            for attempt, text in ((1, b"first"), (2, "zweite ä".encode()))
        ]
        async with engine.begin() as connection:
            await connection.execute(insert(JobLog), rows)

        newest = await user.get(f"/jobs/{job['id']}/logs")

        assert newest.headers["content-type"] == "text/plain; charset=utf-8"
        assert newest.text == "zweite ä"
        assert (await user.get(f"/jobs/{job['id']}/logs", params={"attempt": 1})).text == "first"
        assert (await user.get(f"/jobs/{job['id']}/logs", params={"attempt": 3})).status_code == 404

    async def test_events_and_attempts(
        self, submit: Any, user: httpx.AsyncClient, engine: AsyncEngine
    ) -> None:
        job = await submit()
        await finish(engine, job["id"])

        events = (await user.get(f"/jobs/{job['id']}/events")).json()
        attempts = (await user.get(f"/jobs/{job['id']}/attempts")).json()
        rest = await user.get(f"/jobs/{job['id']}/events", params={"after": events["items"][0]["cursor"]})

        assert events["items"][0]["data"]["status"] == "queued"
        assert events["items"][-1]["type"] == "result"
        assert rest.json()["items"] == events["items"][1:]
        assert [attempt["outcome"] for attempt in attempts["items"]] == ["completed"]
        assert (await user.get(f"/jobs/{job['id']}/events", params={"after": "x"})).status_code == 422


class TestCancel:
    async def test_a_waiting_job_ends_at_once(self, submit: Any, user: httpx.AsyncClient) -> None:
        job = await submit()

        answer = await user.post(f"/jobs/{job['id']}/cancel")

        assert answer.status_code == 202
        assert answer.json()["status"] == "cancelled"
        assert (await user.post(f"/jobs/{job['id']}/cancel")).status_code == 409

    async def test_a_processing_job_is_cancelling(
        self, submit: Any, user: httpx.AsyncClient, engine: AsyncEngine
    ) -> None:
        job = await submit()
        await set_job(engine, job["id"], "status = 'processing', attempt = 1, dispatched_at = now()")

        body = (await user.post(f"/jobs/{job['id']}/cancel")).json()

        assert (body["status"], body["cancelling"]) == ("processing", True)
        assert (await user.get(f"/jobs/{job['id']}/explain")).json()["reason"] == "cancelling"

    async def test_many_by_filter(
        self, submit: Any, user: httpx.AsyncClient, admin: httpx.AsyncClient
    ) -> None:
        ids = [(await submit())["id"] for _ in range(3)]
        body = {"plugin_name": "adder", "input_data": {"n": 1}}
        foreign = (await admin.post("/jobs", json=body)).json()["id"]

        some = (await user.post("/jobs/cancel", json={"ids": [ids[0], foreign]})).json()
        rest = (await user.post("/jobs/cancel", json={"plugin_name": "adder", "status": "queued"})).json()

        assert some == {"cancelled": 1, "cancelling": 0, "already_finished": 0}
        assert rest["cancelled"] == 2
        assert (await admin.get(f"/jobs/{foreign}")).json()["status"] == "queued"
        assert (await user.post("/jobs/cancel", json={})).status_code == 422
        none = (await user.post("/jobs/cancel", json={"status": "completed"})).json()
        assert none["cancelled"] == 0


class TestRetry:
    async def test_only_what_has_failed_or_was_cancelled(self, submit: Any, user: httpx.AsyncClient) -> None:
        job = await submit()
        assert (await user.post(f"/jobs/{job['id']}/retry")).status_code == 409
        await user.post(f"/jobs/{job['id']}/cancel")

        answer = await user.post(f"/jobs/{job['id']}/retry")

        assert answer.status_code == 202
        assert answer.json()["status"] == "queued"
        assert answer.json()["cancelling"] is False


class TestDeadLetters:
    async def fail(self, submit: Any, engine: AsyncEngine) -> int:
        job = await submit(max_retries=0)
        error = {"kind": "exit", "message": "exit code 1", "exit_code": 1}
        await finish(engine, job["id"], status="failed", result_json=None, error=error)
        job_id: int = job["id"]
        return job_id

    async def test_list_groups_and_replay(
        self, submit: Any, user: httpx.AsyncClient, engine: AsyncEngine
    ) -> None:
        ids = [await self.fail(submit, engine) for _ in range(3)]

        letters = (await user.get("/dead-letters", params={"kind": "exit", "plugin_name": "adder"})).json()
        groups = (await user.get("/dead-letters/groups")).json()
        fingerprint = groups["items"][0]["fingerprint"]
        one = await user.post(f"/dead-letters/{ids[0]}/replay")
        again = await user.post(f"/dead-letters/{ids[0]}/replay")
        await user.post("/plugins", json={**MANIFEST, "version": "1.1"})
        rest = await user.post(
            "/dead-letters/replay", json={"fingerprint": fingerprint, "plugin_version": "1.1"}
        )

        assert [item["id"] for item in letters["items"]] == ids[::-1]
        assert letters["items"][0]["error_message"] == "exit code 1"
        assert (groups["total"], groups["items"][0]["jobs"]) == (1, 3)
        assert groups["items"][0]["example"]["kind"] == "exit"
        assert (one.status_code, again.status_code) == (202, 404)
        assert rest.json() == {"replayed": 2, "unfit": 0, "unfit_jobs": [], "stopped_by": None}
        job = (await user.get(f"/jobs/{ids[2]}")).json()
        assert (job["status"], job["plugin_version"]) == ("queued", "1.1")
        assert (await user.get("/dead-letters", params={"kind": "oom"})).json()["total"] == 0

    async def test_an_unknown_version_replays_nothing(
        self, submit: Any, user: httpx.AsyncClient, engine: AsyncEngine
    ) -> None:
        job_id = await self.fail(submit, engine)

        answer = await user.post(f"/dead-letters/{job_id}/replay", json={"plugin_version": "9"})

        assert answer.status_code == 404
        assert (await user.get(f"/jobs/{job_id}")).json()["status"] == "failed"


async def test_the_history_counts_by_time_and_reason(
    submit: Any, user: httpx.AsyncClient, other: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    await submit()
    await finish(engine, (await submit())["id"])
    error = {"kind": "output", "message": "no JSON"}
    await finish(engine, (await submit())["id"], status="failed", error=error, result_json=None)
    early = (await submit())["id"]
    await finish(engine, early)
    async with engine.begin() as connection:
        earlier = "UPDATE jobs SET completed_at = now() - interval '3 hours' WHERE id = :id"
        await connection.execute(text(earlier), {"id": early})

    history = (await user.get("/results/stats/history")).json()
    of_other = (await other.get("/results/stats/history")).json()

    steps = history["steps"]
    assert len(steps) * history["step_s"] == 86_400
    assert (sum(step["completed"] for step in steps), sum(step["failed"] for step in steps)) == (2, 1)
    [first, *_, last] = [step for step in steps if step["completed"]]
    assert datetime.fromisoformat(last["at"]) - datetime.fromisoformat(first["at"]) >= timedelta(hours=3)
    assert last["p95_total_ms"] >= last["median_total_ms"] > 0
    assert history["by_failure"] == [{"kind": "output", "jobs": 1}]
    assert history["waiting"]["jobs"] == 1
    assert history["waiting"]["oldest_at"] is not None
    assert of_other["waiting"] == {"jobs": 0, "oldest_at": None}
    assert sum(step["completed"] for step in of_other["steps"]) == 0


async def test_the_summary_counts_and_times(
    submit: Any, user: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    await submit()
    await finish(engine, (await submit())["id"])

    summary = (await user.get("/results/stats/summary")).json()

    assert summary["by_status"] == {"queued": 1, "completed": 1}
    assert summary["by_plugin"][0]["p95_total_ms"] > 0
