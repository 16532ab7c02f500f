"""Values come back as they were given, through every door, and nothing on the way rounds or turns them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine
from websockets.exceptions import ConnectionClosed

from analysis_server.reporting.callback_message import outcome_message
from operation_server.dispatch.publisher import message_body
from operation_server.dispatch.redis_results import RedisResults
from operation_server.dispatch.results_consumer import ResultsConsumer
from operation_server.dispatch.transaction_thread import TransactionThread
from operation_server.health.sign_of_life import SignOfLife
from operation_server.jobs.transitions import LossBudget
from satellite.contracts.job import JobMessage
from tests.integration.live.conftest import Storyteller, frames_until, socket, submit
from tests.integration.live.test_server_sent_events import ACCEPT, asynchronous, messages
from tests.integration.operation_server_api.conftest import MANIFEST
from tests.integration.transitions.seed import dispatch, outcome

VALUES = {
    "just beyond 64 bits": "[18446744073709551615,18446744073709551616,18446744073709551617]",
    "just below 64 bits": "[-9223372036854775808,-9223372036854775809,-18446744073709551616]",
    "beyond 53 bits": "[9007199254740993]",
    "hundreds of digits": '{"n":' + "7" * 400 + "}",
    "largest": "[1e+308,1.7976931348623157e+308,5e-324]",
    "zeros": "[0,-0.0,0.0]",
    "fractions": "[0.1,0.30000000000000004,1e-7]",
    "whole or not": "[1.0,1,100.0,1e+16]",
    "order of keys": '{"z":1,"a":{"y":1,"b":2},"10":1,"9":2}',
    "odd keys": '{"":1," ":2,"a.b/c~d":3,"\U0001f600":4}',
    "odd text": '"\\"\\\\/\\u0001 é ß \u2028\u2029 \U0001f680 \\\\u0000 \x7f"',
    "nothing": '[null,true,false,[],{},""]',
    "deepest": "[" * 128 + "]" * 128,
    "null": "null",
}
"""JSON as it is written without blanks."""


class Echo:
    """Whatever stands between a job's row and its outcome, with a plugin that answers its input."""

    def __init__(
        self, engine: AsyncEngine, transactions: TransactionThread, redis: Redis, events: Any
    ) -> None:
        self.engine = engine
        self.consumer = ResultsConsumer(
            transactions=transactions,
            redis=redis,
            source=RedisResults(redis),
            events=events,
            losses=LossBudget(),
            life=SignOfLife(None, "tests"),
        )

    async def run(self, *, answer: str | None = None) -> None:
        """Run all waiting jobs once."""
        raw = []
        for job in await dispatch(self.engine):
            [message], _, _ = json.loads(message_body(job))
            text = answer or JobMessage.model_validate(message).input_json
            report = outcome(job.job_id, 1, uid=job.uid).model_copy(update={"result_json": text})
            sent = outcome_message(report, callbacks=[])
            raw.append(
                json.dumps({"headers": sent.headers, "properties": {}, "body": sent.body.decode()}).encode()
            )
        await self.consumer.apply(raw, received_at_s=0)


@pytest.fixture
async def echo(
    engine: AsyncEngine, blocking_engine: Engine, redis_url: str, story: Storyteller
) -> AsyncIterator[Echo]:
    redis, transactions = Redis.from_url(redis_url), TransactionThread(blocking_engine)
    yield Echo(engine, transactions, redis, story.publisher)
    transactions.close()
    await redis.aclose()


def post_raw(client: httpx.Client, value: str) -> httpx.Response:
    body = f'{{"plugin_name": "anything", "input_data": {value}}}'
    return client.post("/jobs", content=body, headers={"content-type": "application/json"})


async def test_values_are_the_same_text_at_every_door(admin: httpx.Client, echo: Echo) -> None:
    admin.post("/plugins", json=MANIFEST | {"name": "anything", "input_schema": {}, "output_schema": {}})
    job_ids = {}
    for name, value in VALUES.items():
        answer = post_raw(admin, value)
        assert answer.status_code == 202, (name, answer.text)
        assert f'"input_data":{value}' in answer.text, (name, answer.text)
        job_ids[name] = answer.json()["id"]
    await echo.run()
    listed = admin.get("/jobs", params={"limit": 100}).text
    for name, job_id in job_ids.items():
        value = VALUES[name]
        read = admin.get(f"/jobs/{job_id}").text
        assert f'"input_data" : {value},' in read, name
        assert f'"result" : {value},' in read, (name, read)
        assert f'"result" : {value},' in listed, name
        assert f'"result":{value},' in admin.get(f"/jobs/{job_id}/events").text, name
        async with socket(admin, f"/ws/jobs/{job_id}") as connection:
            frames = [await connection.recv() for _ in range(3)]
        assert f'"result":{value},' in str(frames[-1]), name


async def test_a_result_is_kept_as_the_plugin_wrote_it(admin: httpx.Client, echo: Echo) -> None:
    job_id = submit(admin)
    written = r'{ "b":1e308, "a" : [1E5,1.10, 0.1000000000000000055],"a":"\u00e9\/" }'
    await echo.run(answer=written)

    assert f'"result" : {written},' in admin.get(f"/jobs/{job_id}").text
    assert f'"result":{written},' in admin.get(f"/jobs/{job_id}/events").text


async def test_a_result_on_many_lines_is_one_line_for_streams(admin: httpx.Client, echo: Echo) -> None:
    job_id = submit(admin)
    written = '{\r\n  "b": [1,\n 2],\r  "a": "x\\ny"\n}'
    await echo.run(answer=written)

    async with socket(admin, f"/ws/jobs/{job_id}") as connection:
        frames = await frames_until(connection, "result")
    async with (
        asynchronous(admin) as client,
        client.stream("GET", f"/jobs/{job_id}/events", headers=ACCEPT) as response,
    ):
        async for _, message in messages(response):
            if message["type"] == "result":
                break

    assert frames[-1]["data"]["result"] == message["data"]["result"] == {"b": [1, 2], "a": "x\ny"}
    assert list(admin.get(f"/jobs/{job_id}").json()["result"]) == ["b", "a"]


async def test_a_frame_of_a_client_that_is_too_large_ends_its_connection(admin: httpx.Client) -> None:
    job_id = submit(admin)
    async with socket(admin, f"/ws/jobs/{job_id}") as connection:
        await frames_until(connection, "queued")
        await connection.send("[" * 60_000)
        await connection.send("x" * 100_000)
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
    assert admin.get("/jobs").status_code == 200
