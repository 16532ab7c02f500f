"""Registered plugin versions; a row never changes but for `deleted_at`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class Plugin(Base):
    """One immutable version of a plugin."""

    __tablename__ = "plugins"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str]
    version: Mapped[str]
    digest: Mapped[str]
    """SHA-256 of the canonical manifest."""
    manifest: Mapped[dict[str, Any]]
    trains: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What its manifest says of it: beside that, so that no end of a job has to read a manifest."""
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    deleted_at: Mapped[datetime | None]
