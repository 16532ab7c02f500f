"""Incarnations of the database: another begins when it was recovered from a backup."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class Incarnation(Base):
    """What was told and numbered between two recoveries; the last one is the present one."""

    __tablename__ = "incarnations"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    location: Mapped[str | None]
    """Which PostgreSQL, on which timeline, in which database and table this row was made; elsewhere it was
    carried there by a backup. Null until the first process has looked."""
    began_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    """When all was done that a recovery takes; until then nobody works."""
    last_event_id: Mapped[int] = mapped_column(server_default="0")
    """The newest event that the recovery brought back."""
    first_event_id: Mapped[int] = mapped_column(server_default="0")
    """Its own events are beyond; what was between the two was told before, and is no longer so."""
