"""Secrets that plugins are given, encrypted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, func, text
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class Secret(Base):
    """A secret under a name: of an account, or of all accounts where it has no owner."""

    __tablename__ = "secrets"
    __table_args__ = (
        CheckConstraint("version > 0", name="version"),
        Index(
            "uq_secrets_owner_id_name",
            "owner_id",
            "name",
            unique=True,
            postgresql_where=text("owner_id IS NOT NULL"),
        ),
        Index("uq_secrets_name", "name", unique=True, postgresql_where=text("owner_id IS NULL")),
        Index("ix_secrets_key_id", "key_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    version: Mapped[int] = mapped_column(server_default="1")
    """Grows with each value that replaces another."""
    key_id: Mapped[str]
    """Which key-encryption key has wrapped the data key."""
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    """The data key of this version, itself encrypted."""
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SecretGrant(Base):
    """A secret may be given to jobs of a plugin name."""

    __tablename__ = "secret_grants"
    __table_args__ = (Index("ix_secret_grants_plugin_name", "plugin_name"),)

    secret_id: Mapped[str] = mapped_column(ForeignKey("secrets.id", ondelete="CASCADE"), primary_key=True)
    plugin_name: Mapped[str] = mapped_column(ForeignKey("plugin_owners.plugin_name"), primary_key=True)
    granted_at: Mapped[datetime] = mapped_column(server_default=func.now())
