"""What was found while versions of plugins were tried."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class PluginReport(Base):
    """The last report of a version; what lists show of it stands beside it."""

    __tablename__ = "plugin_reports"

    plugin_id: Mapped[int] = mapped_column(ForeignKey("plugins.id", ondelete="CASCADE"), primary_key=True)
    passed: Mapped[bool]
    findings: Mapped[int]
    tested_at: Mapped[datetime]
    report: Mapped[dict[str, Any]]
    sent_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
