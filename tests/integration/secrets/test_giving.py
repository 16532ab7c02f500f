"""Who is given which secrets: the worker that runs an attempt, those of the job's owner, and nobody else."""

from __future__ import annotations

import json
import time

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from analysis_server.operation_api import run_secrets
from analysis_server.operation_api.client import OperationAPI
from analysis_server.runtimes.secrets.errors import SecretMissing, SecretsUnavailable
from operation_server.jobs.transitions import apply_started
from satellite.contracts.run_secrets import PATH, SIGNATURE_HEADER, sign
from satellite.contracts.task_names import cluster_queue
from satellite.testing.messages import attempt_key_of, heartbeat_of, started_report_of
from tests.integration.clusters.conftest import GPU_JOB_MANIFEST
from tests.integration.operation_server_api.conftest import set_job
from tests.integration.secrets.conftest import (
    JOB,
    NEEDY,
    OTHER_VALUE,
    TOKEN,
    VALUE,
    WORKER,
    InThisProcess,
    Keeper,
)
from tests.integration.transitions.seed import capacity_of


async def test_the_worker_that_runs_an_attempt_is_given_the_owners_secret(
    keeper: Keeper, engine: AsyncEngine
) -> None:
    await keeper.store(keeper.ada)
    await keeper.store(keeper.grace, OTHER_VALUE)
    of_ada, of_grace = await keeper.start(keeper.ada), await keeper.start(keeper.grace)

    assert await keeper.fetch(of_ada) == {"TOKEN": VALUE}
    assert await keeper.fetch(of_grace) == {"TOKEN": OTHER_VALUE}
    async with engine.begin() as connection:
        report = started_report_of(of_ada.job_id, of_ada.attempt, uid=of_ada.uid, worker=WORKER)
        await connection.run_sync(apply_started, [report])
    keeper.redis.flushall()
    assert await keeper.fetch(of_ada) == {"TOKEN": VALUE}
    given = (await keeper.admin.get("/audit", params={"action": "secret.give"})).json()["items"]
    assert [entry["detail"]["job_id"] for entry in given] == [of_ada.job_id, of_grace.job_id, of_ada.job_id]
    assert VALUE not in json.dumps(given)


async def test_nobody_else_is(keeper: Keeper, engine: AsyncEngine) -> None:
    await keeper.store(keeper.ada)
    unclaimed = await keeper.start(keeper.ada, worker=None)
    key = await keeper.start(keeper.ada)

    for other in (
        unclaimed,
        key._replace(uid=unclaimed.uid),
        key._replace(attempt=key.attempt + 1),
        key._replace(job_id=2**60),
    ):
        with pytest.raises(SecretsUnavailable, match="does not run this attempt"):
            await keeper.fetch(other)
    with pytest.raises(SecretsUnavailable):
        await keeper.fetch(key, worker="worker-2")
    await set_job(engine, key.job_id, "status = 'processing', worker = 'worker-2'")
    with pytest.raises(SecretsUnavailable):
        await keeper.fetch(key)
    await set_job(engine, key.job_id, "status = 'completed', worker = 'worker-1'")
    with pytest.raises(SecretsUnavailable):
        await keeper.fetch(key)


async def test_only_who_has_the_token_may_ask(keeper: Keeper) -> None:
    await keeper.store(keeper.ada)
    key = await keeper.start(keeper.ada)
    body = json.dumps({**key._asdict(), "uid": str(key.uid), "worker": WORKER, "public_key": "A" * 43 + "="})

    async def ask(signature: str, content: str = body) -> tuple[int, str]:
        headers = {SIGNATURE_HEADER: signature}
        answer = await keeper.admin.post(f"http://satellite{PATH}", content=content, headers=headers)
        return answer.status_code, answer.json()["code"]

    right = sign(TOKEN, "POST", PATH, body.encode())
    for refused in (
        await ask(""),
        await ask("0" * 64),
        await ask(right, body.replace(WORKER, "worker-2")),
        await ask(sign(TOKEN[:-1], "POST", PATH, body.encode())),
        await ask(sign(TOKEN, "GET", PATH, body.encode())),
    ):
        assert refused == (401, "signature_refused")
    # Its signature holds, and a key of zeros makes no secret.
    assert await ask(right) == (422, "worker_key_unfit")
    with pytest.raises(SecretMissing, match="SATELLITE_API_WORKER_TOKEN"):
        await keeper.fetch(key, token="another token of more than thirty-two characters")


async def test_what_is_sent_shows_nothing_and_fits_no_other_request(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keeper.store(keeper.ada)
    key, later = await keeper.start(keeper.ada), await keeper.start(keeper.ada)
    post, seen = InThisProcess.post, []

    def recorded(self: InThisProcess, path: str, body: bytes) -> bytes:
        seen.append((body, post(self, path, body)))
        return seen[-1][1]

    monkeypatch.setattr(InThisProcess, "post", recorded)
    assert await keeper.fetch(key) == {"TOKEN": VALUE}
    assert not any(told.encode() in part for told in (VALUE, TOKEN) for part in seen[0])
    monkeypatch.setattr(InThisProcess, "post", lambda *_: seen[0][1])
    for other in (key, later):
        with pytest.raises(SecretMissing, match="does not open"):
            await keeper.fetch(other)


async def test_a_secret_for_all_is_given_where_the_owner_has_none(keeper: Keeper) -> None:
    await keeper.store(keeper.admin, OTHER_VALUE, for_all=True)
    of_grace = await keeper.start(keeper.grace)
    own = await keeper.store(keeper.ada, plugins=[])
    of_ada = await keeper.start(keeper.ada)

    assert await keeper.fetch(of_grace) == {"TOKEN": OTHER_VALUE}
    assert await keeper.fetch(of_ada) == {"TOKEN": OTHER_VALUE}
    (await keeper.ada.put(f"/secrets/{own}/plugins/needy")).raise_for_status()
    assert await keeper.fetch(of_ada) == {"TOKEN": VALUE}


async def test_a_server_for_several_users_is_given_those_for_all_only(keeper: Keeper) -> None:
    await keeper.register(NEEDY | {"name": "shared", "mode": "server", "shared": True})
    await keeper.store(keeper.ada, plugins=["shared"])
    refused = await keeper.ada.post("/jobs", json=JOB | {"plugin_name": "shared"})
    await keeper.store(keeper.admin, OTHER_VALUE, for_all=True, plugins=["shared"])

    assert (refused.status_code, refused.json()["code"]) == (409, "secrets_missing")
    assert "--for-all" in refused.json()["detail"]
    assert await keeper.fetch(await keeper.start(keeper.ada, plugin_name="shared")) == {"TOKEN": OTHER_VALUE}


async def test_a_job_without_its_secret_is_refused_at_every_door(keeper: Keeper) -> None:
    await keeper.register(NEEDY | {"name": "content", "secrets": []})
    single = await keeper.ada.post("/jobs", json=JOB)
    content = JOB | {"plugin_name": "content"}
    batch = await keeper.ada.post("/jobs/batch", json={"jobs": [content, JOB, JOB]})

    assert (single.status_code, single.json()["code"]) == (409, "secrets_missing")
    assert "satellite secret set TOKEN --plugin needy" in single.json()["detail"]
    assert (batch.status_code, batch.json()["code"]) == (400, "batch_invalid")
    pointers = [error["pointer"] for error in batch.json()["errors"]]
    assert pointers == ["/jobs/1/plugin_name", "/jobs/2/plugin_name"]
    assert (await keeper.ada.get("/jobs")).json()["total"] == 0
    await keeper.store(keeper.grace)
    assert (await keeper.ada.post("/jobs", json=JOB)).status_code == 409
    await keeper.store(keeper.ada)
    assert (await keeper.ada.post("/jobs/batch", json={"jobs": [content, JOB, JOB]})).status_code == 202


async def test_one_that_vanished_meanwhile_is_named(keeper: Keeper) -> None:
    secret_id = await keeper.store(keeper.ada)
    key = await keeper.start(keeper.ada)
    (await keeper.ada.delete(f"/secrets/{secret_id}/plugins/needy")).raise_for_status()

    with pytest.raises(SecretMissing, match="needs the secrets TOKEN"):
        await keeper.fetch(key)


@pytest.mark.parametrize(
    "change",
    [
        "ciphertext = set_byte(ciphertext, 20, 255 - get_byte(ciphertext, 20))",
        "wrapped_key = set_byte(wrapped_key, 20, 255 - get_byte(wrapped_key, 20))",
        "version = version + 1",
        "owner_id = NULL",
    ],
)
async def test_a_row_that_somebody_changed_is_refused(
    keeper: Keeper, engine: AsyncEngine, change: str
) -> None:
    await keeper.store(keeper.ada)
    key = await keeper.start(keeper.ada)
    async with engine.begin() as connection:
        await connection.execute(text(f"UPDATE secrets SET {change}"))

    with pytest.raises(SecretMissing, match="set its value again"):
        await keeper.fetch(key)


async def test_a_row_in_anothers_place_is_refused(keeper: Keeper, engine: AsyncEngine) -> None:
    await keeper.store(keeper.ada)
    await keeper.store(keeper.grace, OTHER_VALUE)
    key = await keeper.start(keeper.grace)
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "UPDATE secrets AS s SET ciphertext = o.ciphertext, wrapped_key = o.wrapped_key"
                " FROM secrets AS o WHERE o.id <> s.id"
            )
        )

    with pytest.raises(SecretMissing, match="set its value again"):
        await keeper.fetch(key)


def test_an_api_that_is_away_is_waited_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_secrets, "TRY_FOR_S", 1.0)
    api = OperationAPI("http://127.0.0.1:9", SecretStr(TOKEN))
    began = time.monotonic()

    with pytest.raises(SecretsUnavailable, match=r"127\.0\.0\.1:9 does not answer"):
        run_secrets.SecretsOfAPI(api, worker=WORKER).fetch(attempt_key_of(1))
    assert time.monotonic() - began > 1


async def test_a_gpu_job_is_given_what_its_input_names_of_its_owners_own(keeper: Keeper) -> None:
    await keeper.register(GPU_JOB_MANIFEST)
    await keeper.store(keeper.ada, plugins=["gpu-job"])
    await keeper.store(keeper.grace, OTHER_VALUE, plugins=["gpu-job"])
    await keeper.store(keeper.admin, OTHER_VALUE, name="OF_ALL", for_all=True, plugins=["gpu-job"])
    beat = heartbeat_of(
        runtime="cluster",
        queues=[cluster_queue("lab")],
        cluster={"name": "lab", "nodes": [{"name": "n", "cpus": 8, "memory_mib": 64_000}]},
    )
    job = {"plugin_name": "gpu-job", "input_data": {"command": ["true"], "gpus": 0, "secrets": ["TOKEN"]}}

    key = await keeper.start(keeper.ada, capacity=capacity_of(beat), **job)
    assert await keeper.fetch(key) == {"TOKEN": VALUE}
    foreign = await keeper.ada.post(
        "/jobs", json=job | {"input_data": {"command": ["x"], "secrets": ["OF_ALL"]}}
    )
    assert (foreign.status_code, foreign.json()["code"]) == (409, "secrets_missing")
