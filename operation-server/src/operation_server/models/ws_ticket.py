"""WebSocket tickets that wait for their one use."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class WsTicket(Base):
    """Who may open one WebSocket, as who they were when they asked."""

    __tablename__ = "ws_tickets"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """SHA-256 of the ticket."""
    user_id: Mapped[int]
    key_id: Mapped[int | None]
    auth_epoch: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(index=True)
