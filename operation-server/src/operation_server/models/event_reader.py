"""Readers of durable events beside the stream: how far each has come, and what it could not take."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class EventReaderMark(Base):
    """The mark of a reader: it has seen every event up to its position."""

    __tablename__ = "event_readers"

    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(server_default="0")
    moved_at: Mapped[datetime] = mapped_column(server_default=func.now())


class EventReaderFault(Base):
    """An event that a reader could not take and went past."""

    __tablename__ = "event_reader_faults"

    reader: Mapped[str] = mapped_column(
        ForeignKey("event_readers.name", ondelete="CASCADE"), primary_key=True
    )
    event_id: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
