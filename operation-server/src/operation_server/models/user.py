"""People and programs that own jobs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class User(Base):
    """An account. `role` is one of `accounts.account.Role`; `max_running` limits its running jobs."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    email: Mapped[str] = mapped_column("username", key="email", unique=True)
    """The address to log in with. The column has the name of the releases before: their processes still run
    while a release is rolled out, and accounts made by them may have a name that is no address."""
    full_name: Mapped[str | None]
    password_hash: Mapped[str]
    role: Mapped[str] = mapped_column(server_default="user")
    is_active: Mapped[bool] = mapped_column(server_default="true")
    max_running: Mapped[int | None]
    auth_epoch: Mapped[int] = mapped_column(server_default="0")
    """Grows whenever access tokens and open streams of before must end."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
