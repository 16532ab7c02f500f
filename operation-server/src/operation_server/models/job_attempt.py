"""History of attempts: who ran a job when, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class JobAttempt(Base):
    """One finished attempt of a job; written once, by the transition that ends it."""

    __tablename__ = "job_attempts"

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    worker: Mapped[str | None]
    outcome: Mapped[str]
    """An `OutcomeStatus`; a lost attempt is `failed` with kind `lost`."""
    error: Mapped[dict[str, Any] | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime] = mapped_column(server_default=func.now())
    timings: Mapped[dict[str, Any] | None]
