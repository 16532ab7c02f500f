"""People and programs that own jobs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class User(Base):
    """An account. `role` is `admin` or `user`; `max_running` limits its concurrently running jobs."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    """The name to log in with: an e-mail address for the bootstrap admin."""
    password_hash: Mapped[str]
    role: Mapped[str] = mapped_column(server_default="user")
    is_active: Mapped[bool] = mapped_column(server_default="true")
    max_running: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
