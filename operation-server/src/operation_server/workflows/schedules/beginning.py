"""The run of a tick: what it is for, and what it is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self

from operation_server.database.connections import Connection
from operation_server.workflows.concurrency import concurrency_key
from operation_server.workflows.expressions.evaluator import Evaluator
from operation_server.workflows.schedules.ticks import Ticks
from operation_server.workflows.transitions import BegunRun, NewRun, RunCancelled, VersionMemory, begin_run
from satellite.contracts.event import StreamEntry
from satellite.contracts.identity import JobKey
from satellite.contracts.workflow import WorkflowDefinition
from satellite.contracts.workflow_run import RunTrigger

PRIORITY_LESS: Final = {RunTrigger.SCHEDULE: 0, RunTrigger.BACKFILL: 1}
"""Of a workflow of priority 0 a backfill has -1, which nobody can ask for."""


@dataclass(frozen=True, kw_only=True)
class SchedulerParts:
    """What beginning runs needs beside the database, for as long as a process does it."""

    expressions: Evaluator
    versions: VersionMemory = field(default_factory=VersionMemory)


@dataclass(slots=True)
class ToTell:
    """What is to be done after the commit."""

    entries: list[StreamEntry] = field(default_factory=list)
    cancelling: list[JobKey] = field(default_factory=list)
    lags_s: list[float] = field(default_factory=list)
    """How long after their ticks runs began; not those that waited for others first."""

    def __iadd__(self, other: ToTell) -> Self:
        """Tell of another change too."""
        self.entries += other.entries
        self.cancelling += other.cancelling
        self.lags_s += other.lags_s
        return self

    def add_begun(self, begun: BegunRun) -> None:
        """Tell of a run that was begun."""
        self.entries += begun.entries

    def add_cancelled(self, cancelled: RunCancelled) -> None:
        """Tell of a run that is asked to end."""
        self.entries += cancelled.entries
        self.cancelling += cancelled.cancelling


def begin_for(
    connection: Connection,
    tick: datetime,
    *,
    ticks: Ticks,
    version_id: int,
    owner_id: int,
    trigger: RunTrigger,
    parts: SchedulerParts,
) -> BegunRun:
    """Begin the run of a tick.

    Raises:
        ExpressionFailed: its concurrency key has no value.
    """
    version = parts.versions.get(connection, version_id)
    definition = version.definition
    run = NewRun(
        version=version,
        owner_id=owner_id,
        trigger=trigger,
        params=definition.params,
        priority=definition.settings.priority - PRIORITY_LESS[trigger],
        logical_date=tick,
        data_interval=ticks.data_interval(tick),
        concurrency_key=_concurrency_key(definition, trigger, tick, parts.expressions),
    )
    return begin_run(connection, run)


def _concurrency_key(
    definition: WorkflowDefinition, trigger: RunTrigger, tick: datetime, expressions: Evaluator
) -> str | None:
    expression = definition.settings.concurrency_key
    if expression is None:
        return None
    run = {"trigger": trigger, "logical_date": tick.isoformat()}
    return concurrency_key(expression, definition.params, run=run, expressions=expressions)
