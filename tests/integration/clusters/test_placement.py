"""Which cluster a job goes to, and what is told of the others."""

from __future__ import annotations

from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.jobs.transitions import submit_jobs
from satellite.contracts.requires import Requires
from satellite.contracts.task_names import EXECUTE_QUEUE, cluster_queue
from satellite.contracts.worker import WorkerHeartbeat
from satellite.testing import heartbeat_of
from tests.integration.clusters.conftest import BODY, HOST_KEY, Connector, beat_of, node_of
from tests.integration.dispatch.queue import add_account, register
from tests.integration.transitions.seed import capacity_of, dispatch, new_job


async def submit(engine: AsyncEngine, *, jobs: int = 1, **requires: Any) -> list[int]:
    """Submit jobs that require a cluster with two cards, unless said otherwise."""
    async with engine.connect() as connection:
        known = (await connection.execute(text("SELECT created_by, id FROM plugins"))).one_or_none()
    if known is None:
        owner_id = await add_account(engine)
        known = (owner_id, await register(engine, owner_id))
    owner_id, plugin_id = known
    fields = {"runtime": "cluster", "cluster": {"gpus": 2}} | requires
    stated = Requires.model_validate(fields).model_dump_json()
    async with engine.begin() as connection:
        new = [new_job(owner_id, plugin_id, requires_json=stated) for _ in range(jobs)]
        return list((await connection.run_sync(submit_jobs, new)).ids)


async def places(engine: AsyncEngine, *beats: WorkerHeartbeat) -> list[str]:
    sent = await dispatch(engine, capacity=capacity_of(*beats))
    return [job.queue.removeprefix(cluster_queue("")) for job in sent]


async def test_a_cluster_takes_what_requires_one_and_nothing_else(engine: AsyncEngine) -> None:
    [on_cluster] = await submit(engine)
    [elsewhere] = await submit(engine, runtime=None, cluster=None)
    sent = await dispatch(engine, capacity=capacity_of(heartbeat_of(), beat_of()))
    assert {job.job_id: job.queue for job in sent} == {
        on_cluster: cluster_queue("lab"),
        elsewhere: EXECUTE_QUEUE,
    }


async def test_without_a_cluster_it_waits(engine: AsyncEngine) -> None:
    await submit(engine)
    assert await places(engine, heartbeat_of()) == []


async def test_most_free_cards_come_first(engine: AsyncEngine) -> None:
    await submit(engine)
    beats = [
        beat_of("full", nodes=[node_of(cards=8, held=7)]),
        beat_of("busy", nodes=[node_of(cards=4, held=1)]),
        beat_of("idle", nodes=[node_of(cards=4)]),
        beat_of("besieged", nodes=[node_of(cards=8)], waiting=4),
    ]
    assert await places(engine, *beats) == ["idle"]


async def test_jobs_of_one_round_are_spread(engine: AsyncEngine) -> None:
    await submit(engine, jobs=4)
    beats = [beat_of("one", nodes=[node_of(cards=4)]), beat_of("two", nodes=[node_of(cards=4)])]
    assert sorted(await places(engine, *beats)) == ["one", "one", "two", "two"]


async def test_of_equals_the_one_that_has_the_files_is_first(
    engine: AsyncEngine, admin: httpx.AsyncClient, connector: Connector
) -> None:
    for name in ("a", "b", "c"):
        made = await admin.post("/clusters", json=BODY | {"name": name, "host_keys": [HOST_KEY]})
        assert made.status_code == 201, made.text
    [job_id] = await submit(engine)
    digest = "ab" * 32
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO files"
                " (id, object_key, owner_id, name, media_type, state, size_bytes, sha256, expires_at)"
                " SELECT 'f', 'f', owner_id, 'rows', 'text/csv', 'ready', 5, :digest, now() + interval '1 d'"
                " FROM jobs WHERE id = :id"
            ),
            {"digest": digest, "id": job_id},
        )
        await connection.execute(text("INSERT INTO file_uses VALUES ('f', :id)"), {"id": job_id})
    await connector.report("b", cached_digests=["00", digest])
    assert await places(engine, *map(beat_of, ("a", "b", "c"))) == ["b"]


async def explained(user: httpx.AsyncClient, job: dict[str, Any]) -> tuple[str, str]:
    answer = (await user.get(f"/jobs/{job['id']}/explain")).json()
    return answer["reason"], answer["detail"]


async def test_every_refusal_of_every_cluster_is_told(
    gpu_job: None, admin: httpx.AsyncClient, user: httpx.AsyncClient, connector: Connector
) -> None:
    job = (await user.post("/gpu-jobs", json={"command": ["true"], "gpus": 4, "disk_mib": 10_240})).json()
    assert await explained(user, job) == (
        "no_fitting_cluster",
        "It requires a cluster, and none is registered.",
    )
    names = ("away", "changed", "draining", "full", "new", "silent", "small")
    for name in names:
        keys = {} if name == "new" else {"host_keys": [HOST_KEY]}
        await admin.post("/clusters", json=BODY | {"name": name} | keys)
    await connector.report("away", state="unreachable", reason="no route")
    await connector.report("changed", state="untrusted")
    await connector.report("silent")
    await admin.post("/clusters/draining/drain")
    eight = [node_of(cards=8)]
    for name, fields in {
        "draining": {"nodes": eight},
        "full": {"nodes": eight, "disk_free_mib": 3_072},
        "small": {},
    }.items():
        await connector.report(name, **fields)
        await connector.live(beat_of(name, **fields))

    reason, detail = await explained(user, job)
    assert reason == "no_fitting_cluster"
    for told in (
        "cluster away is unreachable since 20",
        "cluster changed is untrusted: its host key changed since 20",
        "cluster draining is draining;",
        "cluster full has 3 GiB disk free of 10;",
        "cluster new has a host key that nobody has confirmed since 20",
        "cluster silent has no live connector;",
        "cluster small has 2 gpus on a node of 4",
    ):
        assert told in detail, detail
    await admin.post("/clusters/draining/resume")
    reason, detail = await explained(user, job)
    assert reason == "in_queue"
    assert "It is next. It cannot go everywhere: cluster away" in detail
    assert "draining" not in detail
