"""Models, their versions, and what these are made of and called by."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, false, func, text
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class Model(Base):
    """A name with a signature; of a row only the owner ever changes."""

    __tablename__ = "models"
    __table_args__ = (UniqueConstraint("name"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str]
    description: Mapped[str]
    signature: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The schemas of `input`, `config` and `output`."""
    digest: Mapped[str]
    """SHA-256 of signature and description, to tell a repeated request from another."""
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ModelVersion(Base):
    """An immutable version; a row never changes but for `deleted_at`, and its number is never used again."""

    __tablename__ = "model_versions"
    __table_args__ = (
        UniqueConstraint("model_id", "version"),
        Index("ix_model_versions_job_id", "job_id", postgresql_where=text("job_id IS NOT NULL")),
        Index("uq_model_versions_trained_job_id", "job_id", unique=True, postgresql_where=text("is_trained")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id"))
    version: Mapped[int]
    """Counts from 1 within its model."""
    plugin_id: Mapped[int] = mapped_column(ForeignKey("plugins.id"))
    """The server plugin that loads it."""
    digest: Mapped[str]
    """Of all its files."""
    metrics: Mapped[dict[str, Any]] = mapped_column(JSON)
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    """The job that made it."""
    is_trained: Mapped[bool] = mapped_column(server_default=false())
    """It was made by the transition that completed its job; a job makes one at most."""
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    deleted_at: Mapped[datetime | None]


class ModelFile(Base):
    """A file of a version, which stays as long as the version does."""

    __tablename__ = "model_files"

    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_versions.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    file_id: Mapped[str] = mapped_column(ForeignKey("files.id"), index=True)


class ModelAlias(Base):
    """A name of a version that can be moved to another version of the same model."""

    __tablename__ = "model_aliases"

    model_id: Mapped[int] = mapped_column(ForeignKey("models.id"), primary_key=True)
    alias: Mapped[str] = mapped_column(primary_key=True)
    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_versions.id"), index=True)
    moved_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    moved_at: Mapped[datetime] = mapped_column(server_default=func.now())
