"""Reports of workers that could not be applied, kept for admins."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Identity, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class RejectedReport(Base):
    """A message of the results queue that was set aside, so that the others went on."""

    __tablename__ = "rejected_reports"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    """SHA-256 of the whole message, so that one that comes again is kept once."""
    task: Mapped[str | None]
    job_id: Mapped[int | None]
    """Not a foreign key: nobody knows whether the message told the truth."""
    attempt: Mapped[int | None]
    reason: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """The beginning of the message's body."""
    body_bytes: Mapped[int]
    """The size of the whole of it."""
    at: Mapped[datetime] = mapped_column(server_default=func.now())
