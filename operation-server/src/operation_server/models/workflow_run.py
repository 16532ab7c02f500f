"""Runs of workflows, and how far each is.

Only `workflows/transitions/` writes here, and `jobs/transitions/` the end of steps.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, SmallInteger, func, text
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base

OPEN = "status IN ('queued', 'processing')"
"""True of runs that have not ended."""


class WorkflowRun(Base):
    """One run of a version of a workflow, numbered by the sequence of jobs."""

    __tablename__ = "workflow_runs"
    __table_args__ = (
        CheckConstraint(
            "status IN ('queued', 'processing', 'completed', 'failed', 'cancelled')", name="status"
        ),
        Index("ix_workflow_runs_workflow_id_id", "workflow_id", "id"),
        Index("ix_workflow_runs_owner_id_id", "owner_id", "id"),
        Index("ix_workflow_runs_open", "workflow_id", "id", postgresql_where=text(OPEN)),
        Index(
            "ix_workflow_runs_concurrency_key",
            "workflow_id",
            "concurrency_key",
            "id",
            postgresql_where=text(f"{OPEN} AND concurrency_key IS NOT NULL"),
        ),
        Index(
            "ix_workflow_runs_deadline_at",
            "deadline_at",
            postgresql_where=text(f"{OPEN} AND deadline_at IS NOT NULL"),
        ),
        Index(
            "uq_workflow_runs_idempotency",
            "owner_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(server_default=text("nextval('jobs_id_seq')"), primary_key=True)
    uid: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    workflow_id: Mapped[int] = mapped_column(ForeignKey("workflows.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("workflow_versions.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    status: Mapped[str] = mapped_column(server_default="queued")
    trigger: Mapped[str]
    """Why it was begun: by hand, by the schedule, and so on."""
    params: Mapped[dict[str, Any]] = mapped_column(JSON)
    priority: Mapped[int] = mapped_column(SmallInteger)
    logical_date: Mapped[datetime]
    data_interval_start: Mapped[datetime]
    data_interval_end: Mapped[datetime]
    concurrency_key: Mapped[str | None]
    deadline_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Of the first task that failed: its name, kind and message."""

    # How far it is.
    tasks_left: Mapped[int]
    steps_open: Mapped[int] = mapped_column(server_default="0")
    """Steps that a job does, or that wait for people or time."""
    steps_waiting: Mapped[int] = mapped_column(server_default="0")
    """Those of the open ones that wait for people or time, and hold no slot."""
    steps_ready: Mapped[int] = mapped_column(server_default="0")
    """Steps that could begin, were there room."""
    faults: Mapped[int] = mapped_column(server_default="0")
    """How often in a row advancing it has failed for a reason of its own."""

    restarted_from: Mapped[int | None]
    parent_run_id: Mapped[int | None]
    """The run of which it does a step."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    idempotency_key: Mapped[str | None]
    request_digest: Mapped[str | None]


class RunTask(Base):
    """How far a task of a run is; what the graph of a run is drawn from."""

    __tablename__ = "run_tasks"
    __table_args__ = (
        Index(
            "ix_run_tasks_unbegun",
            "run_id",
            postgresql_where=text("status = 'running' AND steps_begun < steps_total"),
        ),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("workflow_runs.id", ondelete="CASCADE"), primary_key=True)
    task: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(server_default="pending")
    reason: Mapped[str | None]
    """Why it did not run, or what its failure was."""
    upstream_left: Mapped[int]
    upstream_completed: Mapped[int] = mapped_column(server_default="0")
    upstream_failed: Mapped[int] = mapped_column(server_default="0")
    upstream_skipped: Mapped[int] = mapped_column(server_default="0")
    max_parallel: Mapped[int | None]
    steps_total: Mapped[int | None]
    steps_begun: Mapped[int] = mapped_column(server_default="0")
    steps_completed: Mapped[int] = mapped_column(server_default="0")
    steps_failed: Mapped[int] = mapped_column(server_default="0")
    steps_cancelled: Mapped[int] = mapped_column(server_default="0")
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class RunStep(Base):
    """A task in a run, or an item of a mapped one. It has a job, unless it waits for people or time."""

    __tablename__ = "run_steps"
    __table_args__ = (
        Index("uq_run_steps_place", "run_id", "task", "map_index", unique=True),
        Index("uq_run_steps_job_id", "job_id", unique=True, postgresql_where=text("job_id IS NOT NULL")),
        Index(
            "ix_run_steps_uncounted",
            "run_id",
            postgresql_where=text("NOT is_counted AND status IN ('completed', 'failed', 'cancelled')"),
        ),
        Index("ix_run_steps_ready", "run_id", "task", "map_index", postgresql_where=text("status = 'ready'")),
        Index(
            "ix_run_steps_due_at",
            "due_at",
            postgresql_where=text("status = 'waiting' AND due_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("workflow_runs.id", ondelete="CASCADE"))
    task: Mapped[str]
    map_index: Mapped[int] = mapped_column(server_default="-1")
    """-1 unless the task is mapped."""
    status: Mapped[str]
    job_id: Mapped[int | None]
    """The job that does it, or the run of another workflow. No foreign key: that table is too large."""
    reused_from: Mapped[int | None]
    """The job of an earlier run whose result it has."""
    item: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    value: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    """What it came to, where no job did it: an approval, for one."""
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Why it failed before there was a job."""
    due_at: Mapped[datetime | None]
    is_counted: Mapped[bool] = mapped_column(server_default=text("false"))
    """Its end has been counted in its task and run."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]


class RunWakeup(Base):
    """A run has something new to look at; whoever looks removes it."""

    __tablename__ = "run_wakeups"
    __table_args__ = (Index("ix_run_wakeups_run_id", "run_id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    run_id: Mapped[int]
