"""Workflows with schedules, and a scheduler that looks when it is told to."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from redis.asyncio import Redis
from sqlalchemy import Engine, text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.dispatch.scheduler import Scheduler
from operation_server.dispatch.transaction_thread import TransactionThread
from operation_server.live.event_publisher import EventPublisher
from operation_server.workflows.expressions.evaluator import Evaluator
from operation_server.workflows.schedules.beginning import SchedulerParts
from operation_server.workflows.schedules.ticks import Ticks
from satellite.contracts.workflow import Schedule, Task, TaskKind, WorkflowDefinition, WorkflowSettings
from tests.integration.transitions.seed import add_user

ADD_WORKFLOW = text("""
    INSERT INTO workflows (owner_id, name, description, schedule, is_active, params, settings,
        deployed_version, created_at, updated_at)
    VALUES (:owner_id, :name, '', CAST(:schedule AS json), true, '{}', '{}', 1, now() - interval '1 year',
        now() - CAST(:age AS interval))
    RETURNING id
""")
ADD_VERSION = text("""
    INSERT INTO workflow_versions (workflow_id, version, definition, pins, digest, deployed_by, deployed_at)
    VALUES (:workflow_id, 1, CAST(:definition AS json), '{}', '', :owner_id, now() - CAST(:age AS interval))
""")


def definition_of(schedule: Schedule, **settings: Any) -> WorkflowDefinition:
    """A workflow whose runs wait until a test ends them."""
    task = Task(name="wait", kind=TaskKind.WAIT, wait_s=3_600)
    return WorkflowDefinition(
        name="w", schedule=schedule, params={"size": 3}, settings=WorkflowSettings(**settings), tasks=[task]
    )


class ScheduledWorkflows:
    """Workflows of one owner in a database of the test's own."""

    def __init__(self, engine: AsyncEngine, scheduler: Scheduler) -> None:
        self.engine = engine
        self.scheduler = scheduler
        self._owner_id: int | None = None
        self._count = 0

    async def add(self, schedule: Schedule, *, age: str = "1 minute", **settings: Any) -> int:
        """Add a workflow that was edited and deployed so long ago."""
        async with self.engine.begin() as connection:
            if self._owner_id is None:
                self._owner_id = await connection.run_sync(add_user)
            self._count += 1
            values = {"owner_id": self._owner_id, "name": f"w{self._count}", "age": age}
            stated = schedule.model_dump_json()
            added = await connection.execute(ADD_WORKFLOW, {**values, "schedule": stated})
            workflow_id = int(added.scalar_one())
            definition = definition_of(schedule, **settings).model_dump_json()
            await connection.execute(
                ADD_VERSION, {**values, "workflow_id": workflow_id, "definition": definition}
            )
        return workflow_id

    async def execute(self, statement: str, **values: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(statement), values)

    async def rows(self, statement: str, **values: Any) -> Sequence[Any]:
        async with self.engine.connect() as connection:
            return (await connection.execute(text(statement), values)).all()

    async def now(self) -> datetime:
        (row,) = await self.rows("SELECT now() AS now")
        return row.now  # type: ignore[no-any-return]

    async def fates(self, workflow_id: int) -> list[str]:
        """What became of ticks, oldest first."""
        rows = await self.rows(
            "SELECT fate FROM workflow_ticks WHERE workflow_id = :id ORDER BY scheduled_for", id=workflow_id
        )
        return [row.fate for row in rows]

    async def runs(self, workflow_id: int) -> Sequence[Any]:
        """The runs of a workflow in the order in which they were begun."""
        return await self.rows(
            "SELECT * FROM workflow_runs WHERE workflow_id = :id ORDER BY id", id=workflow_id
        )

    async def end_runs(self, workflow_id: int, status: str = "completed") -> None:
        """End all runs of a workflow, whatever they were about to do."""
        await self.execute(
            "UPDATE workflow_runs SET status = :status WHERE workflow_id = :id"
            " AND status IN ('queued', 'processing')",
            id=workflow_id,
            status=status,
        )

    async def let_a_day_pass(self) -> None:
        """Let all that was decided have been a day earlier."""
        await self.execute("UPDATE workflow_ticks SET scheduled_for = scheduled_for - interval '1 day'")
        await self.execute("UPDATE workflow_runs SET logical_date = logical_date - interval '1 day'")

    async def come(self, workflow_id: int, schedule: Schedule, *, ticks: int = 1) -> list[datetime]:
        """Let the newest ticks of a followed schedule be due, and return them."""
        (row,) = await self.rows(
            "SELECT anchor, next_at, now() AS now FROM workflow_schedules WHERE workflow_id = :id",
            id=workflow_id,
        )
        all_ticks = Ticks(schedule, anchor=row.anchor)
        found: list[datetime] = []
        moment = all_ticks.after(row.now)
        while len(found) < ticks:
            earlier = all_ticks.before(moment)
            assert earlier is not None
            moment = earlier
            found.insert(0, moment)
        await self.execute(
            "UPDATE workflow_schedules SET next_at = :next_at WHERE workflow_id = :id",
            id=workflow_id,
            next_at=found[0],
        )
        return found


@contextlib.asynccontextmanager
async def scheduler_on(
    blocking_engine: Engine, engine: AsyncEngine, redis_url: str
) -> AsyncIterator[Scheduler]:
    """Make a scheduler with connections of its own."""
    redis = Redis.from_url(redis_url)
    events = EventPublisher(engine=engine, redis=redis)
    transactions = TransactionThread(blocking_engine)
    expressions = Evaluator()
    yield Scheduler(
        transactions=transactions,
        redis=redis,
        events=events,
        parts=SchedulerParts(expressions=expressions),
    )
    transactions.close()
    expressions.close()
    await events.aclose()
    await redis.aclose()
