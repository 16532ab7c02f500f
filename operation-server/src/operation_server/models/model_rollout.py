"""Rollouts: a version of a model tried on part of what is asked, before an alias names it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class ModelRollout(Base):
    """One rollout; of each model at most one is running."""

    __tablename__ = "model_rollouts"
    __table_args__ = (
        Index(
            "uq_model_rollouts_running", "model_id", unique=True, postgresql_where=text("status = 'running'")
        ),
        Index("ix_model_rollouts_model_id_id", "model_id", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id"))
    alias: Mapped[str]
    stable_id: Mapped[int] = mapped_column(ForeignKey("model_versions.id"))
    """What the alias names."""
    candidate_id: Mapped[int] = mapped_column(ForeignKey("model_versions.id"))
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The parts and limits of `RolloutSettings`."""
    status: Mapped[str] = mapped_column(server_default="running")
    reason: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """The numbers that a roll-back was for."""
    started_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]


class RolloutJob(Base):
    """A job of a rollout that was not judged yet."""

    __tablename__ = "rollout_jobs"

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    rollout_id: Mapped[int] = mapped_column(ForeignKey("model_rollouts.id"))
    arm: Mapped[str]
    shadow_of: Mapped[int | None]
    """The job whose answer it is compared with."""


class RolloutCount(Base):
    """How many jobs of an arm were judged in one way."""

    __tablename__ = "rollout_counts"

    rollout_id: Mapped[int] = mapped_column(ForeignKey("model_rollouts.id"), primary_key=True)
    arm: Mapped[str] = mapped_column(primary_key=True)
    verdict: Mapped[str] = mapped_column(primary_key=True)
    jobs: Mapped[int]
