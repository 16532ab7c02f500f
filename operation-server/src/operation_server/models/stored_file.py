"""Files that users store."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class StoredFile(Base):
    """A file.

    `uploading` becomes `ready`, whose bytes never change, and then `deleting`, until they are gone and the
    row with them.
    """

    __tablename__ = "files"
    __table_args__ = (
        CheckConstraint("state IN ('uploading', 'ready', 'deleting')", name="state"),
        Index("ix_files_owner_id_created_at_id", "owner_id", "created_at", "id"),
        Index("ix_files_expires_at", "expires_at"),
        Index("ix_files_deleting", "id", postgresql_where=text("state = 'deleting'")),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    """Random, so that nobody guesses another's."""
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    object_key: Mapped[str]
    """Under which its bytes are in the storage."""
    name: Mapped[str]
    media_type: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="uploading")
    size_bytes: Mapped[int]
    """While it is uploading, what its sender has announced."""
    received_bytes: Mapped[int | None]
    """Of an upload that may go on."""
    sha256: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    """When it goes: an upload that nobody finished, or a file that nothing uses."""
