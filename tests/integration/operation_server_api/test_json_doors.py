"""One rule for JSON at every door, named where it is broken."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from analysis_server.runtimes.run.answer import find_fault
from analysis_server.runtimes.serving.wire import find_answer_fault, read_answer
from operation_server.jobs.transitions import apply_outcomes
from satellite.cli.errors import BadUsage
from satellite.cli.plugin import read_manifest
from satellite.cli.run import read_input
from satellite.client import RequestUnfit, SatelliteClient
from satellite.testing import manifest_of
from tests.integration.operation_server_api.conftest import MANIFEST
from tests.integration.transitions.seed import dispatch, job_row, outcome, submit_one
from tests.unit.analysis_server.runtimes.server_runs import request_of

HEADERS = {"content-type": "application/json"}
ANYTHING = MANIFEST | {"name": "anything", "input_schema": {}, "output_schema": {}}

REFUSED = {
    "nul": (r'["a\u0000"]', "U+0000"),
    "surrogate": (r'["\ud800"]', "not valid JSON"),
    "infinite": ("[1e400]", "too large a number"),
    "nan": ("[NaN]", "not a number that JSON has"),
    "digits": ("[" + "9" * 5_000 + "]", "too many digits"),
} | {
    f"{levels} levels": ("[" * levels + "]" * levels, "nested deeper than 128 levels")
    for levels in (129, 254, 300, 1_000, 5_000)
}  # fmt: skip
DEEPEST = "[" * 128 + "]" * 128


class Street(NamedTuple):
    """Where the doors are."""

    user: httpx.AsyncClient
    admin: httpx.AsyncClient
    engine: AsyncEngine
    folder: Any


async def refused_body(answer: httpx.Response) -> str:
    # A login that is none is told as OAuth2 wants it.
    assert answer.status_code == (400 if answer.url.path.endswith("/auth/token") else 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "request_malformed"
    [error] = problem["errors"]
    return f"{error['pointer']} {error['message']}"


async def through_job(street: Street, value: str) -> str:
    body = f'{{"plugin_name": "anything", "input_data": {value}}}'
    return await refused_body(await street.user.post("/jobs", content=body, headers=HEADERS))


async def through_batch(street: Street, value: str) -> str:
    job = '{"plugin_name": "anything", "input_data": %s}'
    body = f'{{"jobs": [{job % 1}, {job % value}]}}'
    return await refused_body(await street.user.post("/jobs/batch", content=body, headers=HEADERS))


async def through_schema(street: Street, value: str) -> str:
    body = json.dumps(ANYTHING | {"version": "2", "input_schema": {"enum": "HERE"}}).replace('"HERE"', value)
    return await refused_body(await street.user.post("/plugins", content=body, headers=HEADERS))


def through_body(method: str, path: str, key: str) -> Callable[[Street, str], Awaitable[str]]:
    async def through(street: Street, value: str) -> str:
        body = f'{{"{key}": {value}}}'
        return await refused_body(await street.admin.request(method, path, content=body, headers=HEADERS))

    return through


async def through_result(street: Street, value: str) -> str:
    job_id = await submit_one(street.engine)
    await dispatch(street.engine)
    reported = outcome(job_id, 1).model_copy(update={"result_json": value})
    async with street.engine.begin() as connection:
        await connection.run_sync(apply_outcomes, [reported])
    job = await job_row(street.engine, job_id)
    assert (job.status, job.error["kind"]) == ("failed", "output")
    return str(job.error["message"])


async def through_oneshot_answer(_: Street, value: str) -> str:
    fault = find_fault(value.encode(), manifest=manifest_of(), digest="", max_bytes=1_000_000)
    assert fault is not None
    assert fault.kind == "output"
    return fault.message


async def through_server_answer(_: Street, value: str) -> str:
    fault = find_answer_fault(read_answer(b'{"id": "1.1", "result": %b}' % value.encode()), request_of())
    assert fault is not None
    assert fault.kind == "output"
    return fault.message


async def through_command_line(street: Street, value: str) -> str:
    file = street.folder / "input.json"
    file.write_text(value)
    with pytest.raises(BadUsage) as of_file:
        read_input(None, str(file))
    with pytest.raises(BadUsage) as of_option:
        read_input(value, None)
    assert str(of_file.value) == str(of_option.value).replace("The input", str(file))
    with pytest.raises(BadUsage):
        read_manifest(file)
    return str(of_file.value)


DOORS: dict[str, Callable[[Street, str], Awaitable[str]]] = {
    "POST /jobs": through_job,
    "POST /jobs/batch": through_batch,
    "POST /plugins": through_schema,
    "POST /jobs/cancel": through_body("POST", "/jobs/cancel", "ids"),
    "POST /dead-letters/replay": through_body("POST", "/dead-letters/replay", "plugin_name"),
    "PATCH /plugins/control": through_body("PATCH", "/plugins/anything/control", "max_running"),
    "POST /users": through_body("POST", "/users", "email"),
    "PATCH /users": through_body("PATCH", "/users/1", "role"),
    "POST /auth/token": through_body("POST", "/auth/token", "username"),
    "oneshot answer": through_oneshot_answer,
    "server answer": through_server_answer,
    "outcome": through_result,
    "command line": through_command_line,
}


@pytest.fixture
async def street(
    user: httpx.AsyncClient, admin: httpx.AsyncClient, engine: AsyncEngine, tmp_path: Any
) -> Street:
    answer = await user.post("/plugins", json=ANYTHING)
    assert answer.status_code == 201, answer.text
    return Street(user, admin, engine, tmp_path)


@pytest.mark.parametrize("door", DOORS)
async def test_a_door_names_what_it_refuses_and_lets_nothing_in(street: Street, door: str) -> None:
    for name, (value, words) in REFUSED.items():
        told = await DOORS[door](street, value)
        assert words in told, f"{door}, {name}: {told[:300]}"
    async with street.engine.connect() as connection:
        stored = await connection.scalar(text("SELECT count(*) FROM jobs WHERE plugin_name = 'anything'"))
        plugins = await connection.scalar(text("SELECT count(*) FROM plugins WHERE version = '2'"))
        results = await connection.scalar(text("SELECT count(*) FROM jobs WHERE result IS NOT NULL"))
    assert (stored, plugins, results) == (0, 0, 0)


async def test_pointers_lead_into_the_batch(street: Street) -> None:
    for value, pointer in (
        ("[1e400]", "/0 "),
        (r'{"k~": "\u0000"}', "/k~0 "),
        ("[" * 150 + "]" * 150, "/0/0/0"),
    ):
        told = await through_batch(street, value)
        assert told.startswith(f"/jobs/1/input_data{pointer}"), told


async def test_a_python_value_that_no_server_takes_is_not_sent() -> None:
    deep: list[Any] = []
    for _ in range(128):
        deep = [deep]
    with SatelliteClient("http://127.0.0.1:9") as client:
        for value, words in (
            (float("nan"), "not a number that JSON has"), (float("inf"), "not a number"), ("\0", "U+0000"),
            ("\ud800", "cannot be written"), (object(), "cannot be written"), (deep, "128 levels"),
            ("x" * 1_000_000, "at most 1000000"),
        ):  # fmt: skip
            with pytest.raises(RequestUnfit, match=words.replace("+", r"\+")):
                client.submit("anything", {"a": value})
            with pytest.raises(RequestUnfit):
                client.register_plugin({"input_schema": {"const": value}})


async def test_an_input_whose_text_grows_beyond_the_limit_is_refused(street: Street) -> None:
    value = "[" + ",".join(["1e15"] * 100_000) + "]"  # Half a megabyte, as floats are written nearly two.
    body = f'{{"plugin_name": "anything", "input_data": {value}}}'
    one = await street.user.post("/jobs", content=body, headers=HEADERS)
    many = await street.user.post("/jobs/batch", content=f'{{"jobs": [{body}]}}', headers=HEADERS)

    assert (one.status_code, many.status_code) == (400, 400)
    assert one.json()["errors"][0]["pointer"] == "/input_data"
    assert many.json()["errors"][0]["pointer"] == "/jobs/0/input_data"
    assert "at most 1000000 are taken" in one.text


async def test_the_deepest_passes_everywhere(street: Street) -> None:
    value = json.loads(DEEPEST)
    job = {"plugin_name": "anything", "input_data": value}
    submitted = await street.user.post("/jobs", json=job, headers={"Idempotency-Key": "deep"})
    again = await street.user.post("/jobs", json=job, headers={"Idempotency-Key": "deep"})
    batch = await street.user.post("/jobs/batch", json={"jobs": [job, job | {"idempotency_key": "deeper"}]})
    assert (submitted.status_code, again.status_code, batch.status_code) == (202, 202, 202)
    assert again.json() == submitted.json()
    job_id = submitted.json()["id"]

    assert {job.job_id for job in await dispatch(street.engine)} == {job_id, *batch.json()["ids"]}
    async with street.engine.begin() as connection:
        uid = submitted.json()["uid"]
        await connection.run_sync(apply_outcomes, [outcome(job_id, 1, result=value, uid=uid)])
    read = (await street.user.get(f"/jobs/{job_id}")).json()
    listed = (await street.user.get("/jobs")).json()
    events = (await street.user.get(f"/jobs/{job_id}/events")).json()

    assert (read["input_data"], read["result"]) == (value, value)
    assert [item["input_data"] for item in listed["items"]] == [value] * 3
    assert events["items"][-1]["data"]["result"] == value
    assert find_fault(DEEPEST.encode(), manifest=manifest_of(), digest="", max_bytes=10_000) is None
    assert read_input(DEEPEST, None) == value


async def test_whole_numbers_of_a_manifest_are_kept(street: Street) -> None:
    schema = {"properties": {"n": {"minimum": 2**64, "maximum": 2**64 + 2}}}
    registered = await street.user.post("/plugins", json=ANYTHING | {"name": "big", "input_schema": schema})
    assert registered.status_code == 201, registered.text
    assert registered.json()["input_schema"] == schema
    shown = (await street.user.get("/plugins/big")).json()
    assert shown["input_schema"] == schema
    low, fits = [
        await street.user.post("/jobs", json={"plugin_name": "big", "input_data": {"n": 2**64 + n}})
        for n in (-1, 1)
    ]
    assert (low.status_code, fits.status_code) == (400, 202)
    assert fits.json()["input_data"] == {"n": 2**64 + 1}
