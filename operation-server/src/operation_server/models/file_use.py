"""Which jobs have files among their inputs."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class FileUse(Base):
    """A job's use of a file, which stays as long as the job has not ended."""

    __tablename__ = "file_uses"

    file_id: Mapped[str] = mapped_column(ForeignKey("files.id", ondelete="CASCADE"), primary_key=True)
    job_id: Mapped[int] = mapped_column(
        ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True, index=True
    )
