"""Durable events: written in the transaction of their transition, told to Redis after its commit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class JobEvent(Base):
    """A status or result event of a job, or of a run of a workflow, in the order of its ids."""

    __tablename__ = "job_events"
    __table_args__ = (
        CheckConstraint("subject IN ('job', 'run')", name="subject"),
        Index("ix_job_events_job_id_id", "job_id", "id"),
        Index("ix_job_events_unpublished", "id", postgresql_where=text("published_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    subject: Mapped[str] = mapped_column(server_default="job")
    job_id: Mapped[int]
    """The number of the job or the run: both are numbered by the sequence of jobs, so a number leads to one
    story. No foreign key, so whoever deletes a job deletes its events."""
    owner_id: Mapped[int]
    type: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    published_at: Mapped[datetime | None]
    """When the event reached the Redis stream; unpublished ones are swept by the reconciler."""
