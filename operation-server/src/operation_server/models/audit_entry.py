"""The audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class AuditEntry(Base):
    """Something that somebody did, or was refused. The application's role may add and read, nothing else.

    Nothing refers to other tables: an entry outlives what it tells of.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_actor_id_at_id", "actor_id", "at", "id"),
        Index("ix_audit_entries_object_type_object_id_at_id", "object_type", "object_id", "at", "id"),
        Index("ix_audit_entries_action_at_id", "action", "at", "id"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    at: Mapped[datetime] = mapped_column(server_default=func.now(), primary_key=True)
    id: Mapped[int] = mapped_column(
        # Not an identity: a partitioned table has none before PostgreSQL 17.
        server_default=text("nextval('audit_entries_id_seq')"),
        primary_key=True,
        autoincrement=False,
    )
    actor_id: Mapped[int | None]
    actor: Mapped[str | None]
    """The name the account had then; of a refused login the name that was tried."""
    action: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[str | None]
    is_refused: Mapped[bool] = mapped_column(server_default="false")
    address: Mapped[str | None]
    request_id: Mapped[str | None]
    detail: Mapped[dict[str, Any] | None]
