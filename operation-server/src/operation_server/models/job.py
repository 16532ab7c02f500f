"""The jobs table: the queue of record and the outbox in one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, Float, ForeignKey, Identity, Index, SmallInteger, func, text
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base
from operation_server.models.job_states import ACTIVE, WAITING

PRIORITY_AGE_S = 60
"""One step of priority is worth this many seconds of age, so that nothing starves."""
BLOCK_RANGES: Final[dict[str, Any]] = {
    "postgresql_using": "brin",
    "postgresql_with": {"pages_per_range": 32, "autosummarize": "on"},
}


class Job(Base):
    """One submission of a plugin. Only `jobs.transitions` changes `status` and the fields around it."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(
            "status IN ('queued', 'processing', 'completed', 'failed', 'cancelled')", name="status"
        ),
        CheckConstraint("priority BETWEEN -1 AND 9", name="priority"),
        Index(
            "ix_jobs_waiting",
            "plugin_id",
            "owner_id",
            "requires",
            "order_key",
            "id",
            postgresql_where=text(WAITING),
        ),
        Index("ix_jobs_active", "plugin_name", "owner_id", postgresql_where=text(ACTIVE)),
        Index(
            "ix_jobs_expiring",
            "expires_at",
            postgresql_where=text("status = 'queued' AND expires_at IS NOT NULL"),
        ),
        # With what tells steps of runs apart, so that the jobs of an account are counted in the index alone.
        Index("ix_jobs_owner_id_id_run_id", "owner_id", "id", postgresql_include=["run_id"]),
        Index("ix_jobs_plugin_name_id", "plugin_name", "id"),
        # Small ones, which tell where the jobs of a time lie: they lie in the order in which they came.
        Index("ix_jobs_created_at", "created_at", **BLOCK_RANGES),
        Index("ix_jobs_completed_at", "completed_at", **BLOCK_RANGES),
        Index("ix_jobs_status_id", "status", "id", postgresql_where=text("status <> 'completed'")),
        Index(
            "ix_jobs_model_version_id",
            "model_version_id",
            "id",
            postgresql_where=text("model_version_id IS NOT NULL"),
        ),
        Index(
            "uq_jobs_idempotency",
            "owner_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    uid: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    """Names the job for ever: numbers are given out again after a recovery from a backup."""
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    plugin_id: Mapped[int] = mapped_column(ForeignKey("plugins.id"))
    plugin_name: Mapped[str]
    plugin_version: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="queued")
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    input_data: Mapped[Any] = mapped_column(JSON(none_as_null=False))
    requires: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    """What the job adds to what its plugin requires of a worker."""
    input_files: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    """The files that the input refers to, each an `InputFile`; most jobs have none."""
    model_version_id: Mapped[int | None]
    """The version of a model that it asks. No foreign key: versions are kept, and this table is too large."""
    model: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What its worker is told of that version: a `JobModel`."""

    run_id: Mapped[int | None]
    """The run of a workflow that it is a step of."""

    # The queue.
    run_at: Mapped[datetime] = mapped_column(server_default=func.now())
    order_key: Mapped[float] = mapped_column(
        Float(53),
        Computed(
            f"extract(epoch FROM run_at AT TIME ZONE 'UTC') - priority * {PRIORITY_AGE_S}", persisted=True
        ),
    )
    """Due time less the seconds its priority is worth; the smallest goes first."""
    dispatched_at: Mapped[datetime | None]
    queue: Mapped[str | None]
    """The queue of the broker that the newest attempt was sent to."""
    expires_at: Mapped[datetime | None]
    """When the job has waited in the queue for too long."""
    timeout_s: Mapped[float] = mapped_column(Float(53))

    # Attempts.
    attempt: Mapped[int] = mapped_column(server_default="0")
    """Number of the newest attempt; with the uid the fence against late outcomes."""
    generation: Mapped[int] = mapped_column(server_default="0")
    """How often the attempt was offered for adoption; what an older generation reports is stale."""
    failures: Mapped[int] = mapped_column(server_default="0")
    """Attempts that count against the retry budget since the last replay."""
    max_retries: Mapped[int]
    retry: Mapped[dict[str, Any] | None]
    """The job's own `RetryPolicy`, instead of its plugin's."""
    losses: Mapped[int] = mapped_column(server_default="0")
    """Attempts whose worker died or went silent since the last replay; they do not count as failures."""
    redeliveries: Mapped[int] = mapped_column(server_default="0")
    """Messages lost in a row, without an attempt that started; they do not count as failures."""
    worker: Mapped[str | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]

    # What came of it.
    result: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    result_artifact: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Where the result is that is too large for an answer, and how it begins."""
    artifacts: Mapped[int] = mapped_column(server_default="0")
    """How many files the attempt that completed has written; some may have been deleted since."""
    made: Mapped[str | None]
    """The version of a model that it has made, as `name@version`."""
    error: Mapped[dict[str, Any] | None]
    error_fingerprint: Mapped[str | None]
    progress: Mapped[float | None] = mapped_column(Float(53))
    timings: Mapped[dict[str, Any] | None]

    # Submission.
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    idempotency_key: Mapped[str | None]
    request_digest: Mapped[str | None]
    traceparent: Mapped[str | None]
    """Its submission in the trace of the job, so that all that follows is in the same; None if not traced."""
