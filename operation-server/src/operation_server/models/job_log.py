"""Whole logs of attempts, compressed."""

from __future__ import annotations

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class JobLog(Base):
    """The log of one attempt: zlib-compressed UTF-8, head and tail where it was long."""

    __tablename__ = "job_logs"

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    text_zlib: Mapped[bytes] = mapped_column(LargeBinary)
    total_bytes: Mapped[int]
    omitted_bytes: Mapped[int] = mapped_column(server_default="0")
