"""Schedules that are followed, and what became of their ticks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class WorkflowSchedule(Base):
    """The schedule of a deployed workflow as the scheduler follows it; only the scheduler writes it."""

    __tablename__ = "workflow_schedules"
    __table_args__ = (
        Index("ix_workflow_schedules_next_at", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    )

    workflow_id: Mapped[int] = mapped_column(ForeignKey("workflows.id", ondelete="CASCADE"), primary_key=True)
    schedule: Mapped[str]
    """The JSON text of a `Schedule`: that of the workflow, or it is followed anew."""
    version: Mapped[int]
    """The deployed version for which it is followed."""
    is_active: Mapped[bool]
    anchor: Mapped[datetime]
    """From which `every_s` counts."""
    next_at: Mapped[datetime | None]
    retry_at: Mapped[datetime | None]
    """When it is tried again, after a fault."""
    fault: Mapped[str | None]
    """Why its ticks do nothing."""


class WorkflowTick(Base):
    """A moment at which a workflow should have run, and what became of it."""

    __tablename__ = "workflow_ticks"
    __table_args__ = (
        Index(
            "ix_workflow_ticks_queued",
            "workflow_id",
            "scheduled_for",
            postgresql_where=text("fate = 'queued'"),
        ),
        Index("ix_workflow_ticks_decided_at", "decided_at", postgresql_where=text("run_id IS NULL")),
    )

    workflow_id: Mapped[int] = mapped_column(ForeignKey("workflows.id", ondelete="CASCADE"), primary_key=True)
    scheduled_for: Mapped[datetime] = mapped_column(primary_key=True)
    through: Mapped[datetime | None]
    """The last of the ticks that this row stands for, where it is not one alone."""
    fate: Mapped[str]
    run_id: Mapped[int | None]
    """The newest run for it. No foreign key: the tick stays when runs go."""
    decided_at: Mapped[datetime] = mapped_column(server_default=func.now())
