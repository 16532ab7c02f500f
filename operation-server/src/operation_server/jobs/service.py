"""Tells about jobs: as they are, once they have finished, and why they are where they are."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Any

import structlog

from operation_server.accounts.access import visible_to
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.database.rows import AnyRow
from operation_server.database.shared_calls import SharedCalls
from operation_server.jobs import repository
from operation_server.jobs.access import within
from operation_server.jobs.document import JobDocument, job_document
from operation_server.jobs.errors import LogNotFound
from operation_server.jobs.explain import Explainer, Explanation
from operation_server.jobs.explain_run import explain_run
from operation_server.jobs.listed_kinds import ListedKinds
from operation_server.jobs.merged_log import STEP_LOGS_MAX, is_run, merged_log
from operation_server.jobs.put_aside import AsideNotes
from operation_server.jobs.repository import COUNTED_AT_MOST
from operation_server.jobs.run_log import RunLog
from operation_server.jobs.schemas import attempt_fields
from operation_server.jobs.transitions import LossBudget
from operation_server.live.cursor import Cursor
from operation_server.live.hub import Hub
from operation_server.workers.service import WorkerService
from satellite.contracts.identity import JobKey

log = structlog.get_logger(__name__)


class JobService:
    """Shows jobs, and what hangs on them, to who may see them."""

    def __init__(
        self,
        connections: Connections,
        *,
        hub: Hub,
        workers: WorkerService,
        asides: AsideNotes,
        losses: LossBudget,
    ) -> None:
        self._connections = connections
        self._hub = hub
        self._explainer = Explainer(workers, asides, losses)
        self._find = SharedCalls(self._find_many)

    async def get(self, caller: Account, job_id: int) -> JobDocument:
        """Return a job, or a run of a workflow, of the caller's.

        Raises:
            JobNotFound: there is none.
            JobNotYours: it is somebody else's and the caller is no admin.
        """
        row = await self._find(job_id)
        if row is None:
            async with self._connections.connect() as connection:
                row = await repository.find_run(connection, job_id)
        return job_document(within(visible_to(caller), row, job_id))

    async def wait(self, caller: Account, job_id: int, *, timeout_s: float) -> JobDocument:
        """Return a job once it has finished, or as it is after `timeout_s`."""
        await self._hub.wait_finished(job_id, timeout_s)
        return await self.get(caller, job_id)

    async def wait_submitted(
        self, caller: Account, submitted: JobDocument, *, timeout_s: float
    ) -> JobDocument:
        """Return a submitted job once it has finished, else as it was submitted, whatever happens."""
        try:
            return await self.wait(caller, submitted.id, timeout_s=timeout_s)
        except Exception:
            # The job is stored and runs: a client that is told of a failure would submit it again.
            log.exception("a submitted job cannot be waited for", job_id=submitted.id)
            return submitted

    async def list_all(
        self, caller: Account, wanted: ListedKinds, *, skip: int, limit: int
    ) -> tuple[int, list[JobDocument]]:
        """Return the capped number of the caller's jobs and runs and a page of both, newest first.

        Steps of runs are among them only where they are asked for.
        """
        reach = visible_to(caller)
        page = wanted.within(reach)
        async with self._connections.connect() as connection:
            rows = await repository.list_all(connection, *page, skip=skip, limit=limit)
            whole = wanted.before_id is None and len(rows) < limit and (rows or not skip)
            every = replace(wanted, before_id=None).within(reach)
            total = (
                skip + len(rows)
                if whole
                else await repository.count_all(connection, *every, most=COUNTED_AT_MOST)
            )
        return total, [job_document(row) for row in rows]

    async def get_step_log(
        self, caller: Account, run_id: int, task: str, *, map_index: int | None, attempt: int | None
    ) -> str:
        """Return the stored log of a step of a run; of one that has written none, nothing.

        Raises:
            JobNotFound, JobNotYours: it is no run of the caller's.
            LogNotFound: the run has no such step, or the given attempt no log.
        """
        async with self._connections.connect() as connection:
            if not is_run(await self._require_visible(connection, caller, run_id)):
                raise LogNotFound(f"{run_id} is a job, no run; its log is /api/v1/jobs/{run_id}/logs.")
            at = -1 if map_index is None else map_index
            step = await repository.find_step(connection, run_id, task, map_index=at)
        if step is None:
            which = task if map_index is None else f"{task} with map_index {map_index}"
            raise LogNotFound(f"Run {run_id} has begun no task {which}.")
        return "" if step.job_id is None else await self.get_log(caller, step.job_id, attempt)

    async def get_log(self, caller: Account, job_id: int, attempt: int | None) -> str:
        """Return the stored log of an attempt, of a run those of its steps; of a job without any, nothing.

        Raises:
            LogNotFound: the given attempt has no log.
        """
        async with self._connections.connect() as connection:
            found = await self._require_visible(connection, caller, job_id)
            if is_run(found):
                rows = await repository.list_step_logs(connection, job_id, limit=STEP_LOGS_MAX)
                return await asyncio.to_thread(merged_log, rows)
            row = await repository.find_log(connection, job_id, attempt)
        if row is not None:
            return (await asyncio.to_thread(zlib.decompress, row.text_zlib)).decode()
        if attempt is not None:
            raise LogNotFound(f"Job {job_id} has no log of attempt {attempt}.")
        return ""

    async def follow_log(self, caller: Account, job_id: int, after: str | None) -> AsyncGenerator[str] | None:
        """Return the frames of the log of a run, from its beginning or after a cursor; None of a job.

        Raises:
            JobNotFound, JobNotYours: it is none of the caller's.
            CursorInvalid: `after` is no cursor.
        """
        cursor = Cursor.parse(after) if after else None
        async with self._connections.connect() as connection:
            head = await self._require_visible(connection, caller, job_id)
        if not is_run(head):
            return None
        return RunLog(self._connections, self._hub, head, caller).follow(after=cursor)

    async def list_attempts(self, caller: Account, job_id: int) -> list[dict[str, Any]]:
        """Return a job's finished attempts in order."""
        async with self._connections.connect() as connection:
            await self._require_visible(connection, caller, job_id)
            return [attempt_fields(row) for row in await repository.list_attempts(connection, job_id)]

    async def list_events(self, caller: Account, job_id: int, *, after_id: int = 0) -> Sequence[AnyRow]:
        """Return a job's durable events in order."""
        async with self._connections.connect() as connection:
            await self._require_visible(connection, caller, job_id)
            return await repository.list_events(connection, job_id, after_id=after_id)

    async def get_timings(self, caller: Account, job_id: int) -> dict[str, Any]:
        """Return a job's newest timings, and whose they are."""
        async with self._connections.connect() as connection:
            row = await repository.find_timings(connection, job_id)
            return within(visible_to(caller), row, job_id)._asdict()

    async def require_access(self, caller: Account, job_id: int) -> JobKey:
        """Refuse callers who may not see the job, and return what names it."""
        async with self._connections.connect() as connection:
            row = await self._require_visible(connection, caller, job_id)
        return JobKey(row.id, row.uid)

    async def explain(self, caller: Account, job_id: int) -> Explanation:
        """Return why a job or a run is where it is and what would help."""
        async with self._connections.connect() as connection:
            row = await repository.find_waiting(connection, job_id)
            if row is None and (run := await repository.find_run_around(connection, job_id)) is not None:
                return explain_run(within(visible_to(caller), run, job_id))
            row = within(visible_to(caller), row, job_id)
            return await self._explainer.explain(connection, row)

    async def _find_many(self, job_ids: Sequence[int]) -> Sequence[AnyRow | None]:
        async with self._connections.connect() as connection:
            return await repository.find_many(connection, job_ids)

    @staticmethod
    async def _require_visible(connection: AsyncConnection, caller: Account, job_id: int) -> AnyRow:
        row = await repository.find_head(connection, job_id)
        if row is None:
            row = await repository.find_run_head(connection, job_id)
        return within(visible_to(caller), row, job_id)
