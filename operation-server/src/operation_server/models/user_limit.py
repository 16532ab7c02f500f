"""What admins allow one user, other than everybody."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class UserLimit(Base):
    """Limits of one user; null is what the settings say for everybody."""

    __tablename__ = "user_limits"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True, autoincrement=False)
    requests_per_minute: Mapped[int | None]
    submissions_per_minute: Mapped[int | None]
    max_queued: Mapped[int | None]
    stored_bytes: Mapped[int | None]
    set_at: Mapped[datetime] = mapped_column(server_default=func.now())
