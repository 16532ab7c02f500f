"""What the storage holds of an upload that is not complete."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class FilePart(Base):
    """An object that is part of an upload, or will be: the row is there before its bytes."""

    __tablename__ = "file_parts"

    object_key: Mapped[str] = mapped_column(primary_key=True)
    file_id: Mapped[str] = mapped_column(ForeignKey("files.id", ondelete="CASCADE"), index=True)
    start_byte: Mapped[int | None]
    """Null until it counts."""
    size_bytes: Mapped[int | None]
