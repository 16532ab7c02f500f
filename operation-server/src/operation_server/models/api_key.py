"""API keys: how programs prove who they are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ARRAY, ForeignKey, Identity, LargeBinary, String, func
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class ApiKey(Base):
    """A key of an account. Rows of revoked keys stay, so that it is known what they were."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 of the key's secret part, which is looked up by `id`."""
    permissions: Mapped[list[str] | None] = mapped_column(ARRAY(String))
    """Null: all that the account may."""
    plugins: Mapped[list[str] | None] = mapped_column(ARRAY(String))
    """Null: with all plugins."""
    requests_per_minute: Mapped[int | None]
    """Null: as many as the account."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    """At most a minute late."""
    revoked_at: Mapped[datetime | None]
