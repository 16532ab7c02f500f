"""Sessions of the dashboard: what a browser's cookie stands for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class DashboardSession(Base):
    """A login by cookie; deleted at logout, and with the account's other logins."""

    __tablename__ = "dashboard_sessions"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """SHA-256 of the cookie's value."""
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    expires_at: Mapped[datetime]
