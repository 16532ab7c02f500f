"""Backfills: runs for ticks of the past."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class WorkflowBackfill(Base):
    """A range of ticks that are run for again, a few at a time."""

    __tablename__ = "workflow_backfills"
    __table_args__ = (
        Index("uq_workflow_backfills_workflow_id_number", "workflow_id", "number", unique=True),
        Index("ix_workflow_backfills_running", "id", postgresql_where=text("status = 'running'")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    workflow_id: Mapped[int] = mapped_column(ForeignKey("workflows.id"))
    number: Mapped[int]
    """Counts the backfills of the workflow."""
    version_id: Mapped[int] = mapped_column(ForeignKey("workflow_versions.id"))
    schedule: Mapped[str]
    """The JSON text of the `Schedule` whose ticks these are."""
    anchor: Mapped[datetime]
    range_start: Mapped[datetime]
    range_end: Mapped[datetime]
    scope: Mapped[str]
    is_reverse: Mapped[bool]
    max_active: Mapped[int]
    status: Mapped[str] = mapped_column(server_default="running")
    retry_at: Mapped[datetime | None]
    """When it goes on, after a fault."""
    fault: Mapped[str | None]
    """Why it does not go on."""
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]


class BackfillTick(Base):
    """A tick of a backfill."""

    __tablename__ = "workflow_backfill_ticks"
    __table_args__ = (
        Index(
            "ix_workflow_backfill_ticks_pending",
            "backfill_id",
            "scheduled_for",
            postgresql_where=text("run_id IS NULL"),
        ),
    )

    backfill_id: Mapped[int] = mapped_column(
        ForeignKey("workflow_backfills.id", ondelete="CASCADE"), primary_key=True
    )
    scheduled_for: Mapped[datetime] = mapped_column(primary_key=True)
    run_id: Mapped[int | None]
