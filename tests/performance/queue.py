"""Long queues and large stores against small ones: what must not grow with them."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from operation_server.accounts.access import Reach
from operation_server.database.connections import Connections
from operation_server.jobs import repository
from operation_server.jobs.listed_kinds import ListedKinds
from operation_server.jobs.transitions import VersionCatalog, select_and_mark, submit_jobs
from operation_server.statistics.history.repository import read_history
from operation_server.statistics.repository import summarise
from satellite.contracts.job import JobStatus
from satellite.local.postgres import EmbeddedPostgres
from tests.integration.transitions.seed import PLENTY, new_job
from tests.performance.database import fill_finished, fill_waiting, fresh_database, postgres, tidy
from tests.performance.figure import Figure

SHORT_QUEUE, LONG_QUEUE = 100, 100_000
SMALL_STORE, LARGE_STORE = 1_000, 1_000_000
BATCH = 50
PAGE = 50
CALLS = 100

Call = Callable[[Connections], Awaitable[None]]


def measure(*, rounds: int) -> list[Figure]:
    """Measure dispatch by the length of the queue, and the store by the number of finished jobs."""
    with postgres() as server:
        return asyncio.run(_measure(server, calls=CALLS * rounds))


async def _measure(server: EmbeddedPostgres, *, calls: int) -> list[Figure]:
    async with _queues(server) as databases:
        catalog = VersionCatalog()
        few, many = await _medians_ms(databases, lambda database: _dispatch(database, catalog), calls=calls)
    figures = [
        Figure(name=f"dispatch of {BATCH} jobs, {LONG_QUEUE:,} queued", value=many, unit="ms", floor=few,
               floor_name=f"{SHORT_QUEUE} queued", target="<= 1.3 x"),
    ]  # fmt: skip
    async with _stores(server) as databases:
        for name, measured in STORE_CALLS.items():
            few, many = await _medians_ms(databases, measured, calls=calls)
            figures.append(
                Figure(name=f"{name}, {LARGE_STORE:,} finished jobs stored", value=many, unit="ms",
                       floor=few, floor_name=f"{SMALL_STORE:,} stored", target="<= 1.3 x")
            )  # fmt: skip
        for name, measured in DAY_CALLS.items():
            _, many = await _medians_ms(databases, measured, calls=calls // 10)
            figures.append(
                Figure(name=f"{name} of a day, {LARGE_STORE:,} of a month stored", value=many, unit="ms",
                       target="<= 200 ms")
            )  # fmt: skip
    return figures


@asynccontextmanager
async def _queues(server: EmbeddedPostgres) -> AsyncIterator[tuple[Connections, Connections]]:
    async with fresh_database(server, "short") as short, fresh_database(server, "long") as long:
        for database, count in ((short, SHORT_QUEUE), (long, LONG_QUEUE)):
            async with database.begin() as connection:
                await fill_waiting(connection, count)
        yield short, long


@asynccontextmanager
async def _stores(server: EmbeddedPostgres) -> AsyncIterator[tuple[Connections, Connections]]:
    async with fresh_database(server, "small") as small, fresh_database(server, "large") as large:
        for database, count in ((small, SMALL_STORE), (large, LARGE_STORE)):
            async with database.begin() as connection:
                await fill_finished(connection, count)
            await tidy(database)
        yield small, large


async def _medians_ms(
    databases: tuple[Connections, Connections], measured: Call, *, calls: int
) -> tuple[float, float]:
    """Call both in turn, so that whatever else the machine does disturbs them alike."""
    durations: tuple[list[float], list[float]] = ([], [])
    for _ in range(calls):
        for database, its_durations in zip(databases, durations, strict=True):
            began = time.perf_counter()
            await measured(database)
            its_durations.append((time.perf_counter() - began) * 1000)
    return statistics.median(durations[0]), statistics.median(durations[1])


async def _dispatch(database: Connections, catalog: VersionCatalog) -> None:
    async with database.transactions.connect() as connection:
        selection = await connection.run_sync(select_and_mark, capacity=PLENTY, catalog=catalog, limit=BATCH)
        assert len(selection.jobs) == BATCH
        # Undone, so that the queue stays as long as it is.
        await connection.rollback()


async def _submit(database: Connections) -> None:
    async with database.connect() as connection:
        await connection.run_sync(submit_jobs, [new_job(1, 1)])


async def _get(database: Connections) -> None:
    async with database.connect() as connection:
        assert await repository.find(connection, SMALL_STORE // 2) is not None


async def _list(database: Connections) -> None:
    async with database.connect() as connection:
        wanted = ListedKinds().within(Reach(1))
        jobs = await repository.list_all(connection, *wanted, skip=0, limit=PAGE)
        assert len(jobs) == PAGE
        assert await repository.count_all(connection, *wanted, most=repository.COUNTED_AT_MOST) > 0


async def _list_failed(database: Connections) -> None:
    async with database.connect() as connection:
        failed = ListedKinds(status=JobStatus.FAILED).within(Reach(1))
        assert await repository.list_all(connection, *failed, skip=0, limit=PAGE) == []
        assert await repository.count_all(connection, *failed, most=repository.COUNTED_AT_MOST) == 0


async def _summarise(database: Connections) -> None:
    async with database.connect() as connection:
        assert (await summarise(connection, None))["by_status"]["completed"] > 0


async def _read_history(database: Connections) -> None:
    async with database.connect() as connection:
        assert any(step["completed"] for step in (await read_history(connection, None))["steps"])


DAY_CALLS: dict[str, Call] = {"summary": _summarise, "history": _read_history}
STORE_CALLS: dict[str, Call] = {
    "submit": _submit,
    "get": _get,
    "list": _list,
    "list of failed jobs": _list_failed,
}
