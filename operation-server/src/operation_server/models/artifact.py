"""What attempts of jobs have written."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class JobArtifact(Base):
    """A file that an attempt has written; its job's once the file is ready."""

    __tablename__ = "artifacts"

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What it holds, where that is told of the version of a model which the job makes."""
    file_id: Mapped[str] = mapped_column(ForeignKey("files.id", ondelete="CASCADE"), unique=True)
