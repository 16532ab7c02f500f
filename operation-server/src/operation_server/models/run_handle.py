"""Handles of running attempts, by which workers find again what a dead one has left running."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class RunHandle(Base):
    """The handle of a job's newest attempt; of an attempt that has ended it means nothing, and is removed."""

    __tablename__ = "run_handles"

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    attempt: Mapped[int]
    handle: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """A `satellite.contracts.run_handle.RunHandle`."""
    offered_at: Mapped[datetime | None]
    """When its run was offered for adoption, None while a worker has it."""
