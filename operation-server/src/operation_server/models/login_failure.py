"""Failed logins of late, by which the next ones are slowed down."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class LoginFailure(Base):
    """How often a login failed for an address from a source, whether there is such an account or not."""

    __tablename__ = "login_failures"

    address: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """SHA-256 of the address: people type their passwords into the wrong field."""
    source: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
