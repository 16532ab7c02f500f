"""Workers that admins have drained."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class DrainedWorker(Base):
    """A worker that takes no jobs until it is resumed, by its name, whether or not it lives."""

    __tablename__ = "drained_workers"

    name: Mapped[str] = mapped_column(primary_key=True)
    drained_at: Mapped[datetime] = mapped_column(server_default=func.now())
