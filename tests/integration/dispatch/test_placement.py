"""Jobs go where each worker that may take them can run them, and hold up nobody while no worker can."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.jobs.transitions import DispatchedJob, VersionCatalog, submit_jobs
from operation_server.jobs.transitions.dispatch import MOST_REQUIREMENTS, NOTHING_ASIDE, look
from satellite.contracts.requires import Requires
from satellite.contracts.task_names import EXECUTE_QUEUE, class_queue, shared_queue
from satellite.contracts.worker import WorkerHeartbeat, WorkerResources
from satellite.testing import heartbeat_of
from tests.integration.dispatch.queue import add_account, register
from tests.integration.transitions.seed import capacity_of, dispatch, new_job

GPU_QUEUE = shared_queue("default", with_gpu=True)


def worker(name: str, **change: Any) -> WorkerHeartbeat:
    """Return a worker that consumes the queues it would have."""
    fields = {"slots": 20, "total": WorkerResources(cpus=4, memory_mib=4096)} | change
    beat = heartbeat_of(name=name, **fields)
    queues = [shared_queue(served, with_gpu=False) for served in beat.serves]
    return beat.model_copy(update={"queues": [*queues, class_queue(beat.worker_class.digest())]})


def queue_of(beat: WorkerHeartbeat) -> str:
    return class_queue(beat.worker_class.digest())


async def submit(engine: AsyncEngine, owner_id: int, plugin_id: int, **requires: Any) -> int:
    stated = Requires.model_validate(requires).model_dump_json()
    async with engine.begin() as connection:
        jobs = [new_job(owner_id, plugin_id, requires_json=stated)]
        return (await connection.run_sync(submit_jobs, jobs)).ids[0]


def by_queue(jobs: list[DispatchedJob]) -> dict[int, str]:
    return {job.job_id: job.queue for job in jobs}


async def test_jobs_that_require_nothing_share_one_queue(engine: AsyncEngine) -> None:
    owner_id = await add_account(engine)
    plugin_id = await register(engine, owner_id)
    job_id = await submit(engine, owner_id, plugin_id)
    capacity = capacity_of(worker("a", labels={"zone": "a"}), worker("b", labels={"zone": "b"}))

    assert by_queue(await dispatch(engine, capacity=capacity)) == {job_id: EXECUTE_QUEUE}


async def test_a_job_goes_to_the_class_that_has_its_label(engine: AsyncEngine) -> None:
    owner_id = await add_account(engine)
    plugin_id = await register(engine, owner_id)
    job_id = await submit(engine, owner_id, plugin_id, labels={"zone": "b"})
    in_b = worker("b", labels={"zone": "b"})

    jobs = await dispatch(engine, capacity=capacity_of(worker("a", labels={"zone": "a"}), in_b))
    assert by_queue(jobs) == {job_id: queue_of(in_b)}
    assert Requires.model_validate_json(jobs[0].requires_json) == Requires(labels={"zone": "b"})


async def test_what_every_worker_has_needs_no_queue_of_a_class(engine: AsyncEngine) -> None:
    owner_id = await add_account(engine)
    plugin_id = await register(engine, owner_id, requires={"labels": {"zone": "a"}})
    job_id = await submit(engine, owner_id, plugin_id)
    both = [worker(name, labels={"zone": "a", "host": name}) for name in ("a", "b")]

    assert by_queue(await dispatch(engine, capacity=capacity_of(*both))) == {job_id: EXECUTE_QUEUE}


async def test_a_large_job_goes_past_the_small_workers(engine: AsyncEngine) -> None:
    owner_id = await add_account(engine)
    plugin_id = await register(engine, owner_id, resources={"memory_mib": 4000})
    job_id = await submit(engine, owner_id, plugin_id)
    large = worker("large")
    small = worker("small", total=WorkerResources(cpus=4, memory_mib=1024))

    assert by_queue(await dispatch(engine, capacity=capacity_of(small, large))) == {job_id: queue_of(large)}


async def test_of_several_classes_the_one_with_most_room_is_next(engine: AsyncEngine) -> None:
    owner_id = await add_account(engine)
    plugin_id = await register(engine, owner_id)
    for _ in range(6):
        await submit(engine, owner_id, plugin_id, labels={"disk": "ssd"})
    more = worker("more", slots=4, labels={"disk": "ssd", "zone": "a"})
    less = worker("less", slots=1, labels={"disk": "ssd", "zone": "b"})

    jobs = await dispatch(engine, capacity=capacity_of(more, less, worker("none")))
    assert Counter(job.queue for job in jobs) == {queue_of(more): 4, queue_of(less): 1}


async def test_a_queue_of_its_own_gets_what_asks_for_it_and_nothing_else(engine: AsyncEngine) -> None:
    owner_id = await add_account(engine)
    plugin_id = await register(engine, owner_id)
    anywhere = await submit(engine, owner_id, plugin_id)
    batch = await submit(engine, owner_id, plugin_id, queue="batch")
    capacity = capacity_of(worker("a"), worker("b", serves=["batch"]))

    assert by_queue(await dispatch(engine, capacity=capacity)) == {
        anywhere: EXECUTE_QUEUE,
        batch: shared_queue("batch", with_gpu=False),
    }


async def test_what_nobody_meets_waits_and_holds_up_nobody(engine: AsyncEngine) -> None:
    owner_id = await add_account(engine)
    plugin_id = await register(engine, owner_id)
    for zone in ("x", "y"):
        for _ in range(30):
            await submit(engine, owner_id, plugin_id, labels={"zone": zone})
    free = await submit(engine, owner_id, plugin_id)

    assert [job.job_id for job in await dispatch(engine, capacity=capacity_of(worker("a")), limit=5)] == [
        free
    ]
    later = capacity_of(worker("a"), worker("y", labels={"zone": "y"}))
    assert len(await dispatch(engine, capacity=later)) == 20


async def test_a_users_flood_of_requirements_costs_a_round_no_more_than_some(engine: AsyncEngine) -> None:
    ada, bob = await add_account(engine, "ada"), await add_account(engine, "bob")
    plugin_id = await register(engine, ada)
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO jobs (owner_id, plugin_id, plugin_name, plugin_version, input_data, timeout_s,"
                " max_retries, requires) SELECT :owner, :plugin, 'echo', '1', '1', 60, 3,"
                " jsonb_build_object('queue', 'q' || n) FROM generate_series(1, 3000) AS n"
            ),
            {"owner": ada, "plugin": plugin_id},
        )
    plain, others = await submit(engine, ada, plugin_id), await submit(engine, bob, plugin_id)

    async with engine.begin() as connection:
        queue = await connection.run_sync(look, catalog=VersionCatalog(), aside=NOTHING_ASIDE)
    assert queue is not None
    assert Counter(group.owner_id for group in queue.groups) == {ada: MOST_REQUIREMENTS, bob: 1}
    sent = await dispatch(engine, capacity=capacity_of(worker("a")))
    assert {plain, others} == {job.job_id for job in sent}


async def test_a_worker_of_an_older_release_takes_what_every_worker_can_run(engine: AsyncEngine) -> None:
    owner_id = await add_account(engine)
    plugin_id = await register(engine, owner_id)
    plain = await submit(engine, owner_id, plugin_id)
    await submit(engine, owner_id, plugin_id, labels={"zone": "a"})

    assert by_queue(await dispatch(engine, capacity=capacity_of(heartbeat_of()))) == {plain: EXECUTE_QUEUE}
