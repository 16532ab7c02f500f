"""Migrations of the phase `after` that were run: who does not know one of them is too old to work here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class AfterMigration(Base):
    """A migration that took away what the release before it needs."""

    __tablename__ = "after_migrations"

    revision: Mapped[str] = mapped_column(primary_key=True)
    run_at: Mapped[datetime] = mapped_column(server_default=func.now())
