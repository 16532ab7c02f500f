"""How good versions of models are on named data, and what is asked of them before an alias names them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class ModelEvaluation(Base):
    """Numbers of a version on data of one digest; a row never changes, the newest of its data counts."""

    __tablename__ = "model_evaluations"
    __table_args__ = (
        Index("ix_model_evaluations_version_data", "model_version_id", "data_digest", "id"),
        Index("ix_model_evaluations_job_id", "job_id", postgresql_where=text("job_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_versions.id"))
    data_digest: Mapped[str]
    """SHA-256 of the data, in hexadecimal."""
    data_name: Mapped[str | None]
    metrics: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Finite numbers by their names."""
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    """The job that found them."""
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ModelGate(Base):
    """What a version has to reach before the alias that the gate guards is moved to it."""

    __tablename__ = "model_gates"

    model_id: Mapped[int] = mapped_column(ForeignKey("models.id"), primary_key=True)
    alias: Mapped[str]
    metric: Mapped[str]
    data_digest: Mapped[str]
    higher_is_better: Mapped[bool]
    at_least: Mapped[float | None] = mapped_column(Float(53))
    at_most: Mapped[float | None] = mapped_column(Float(53))
    not_worse_than_champion: Mapped[float | None] = mapped_column(Float(53))
    """By how much it may be worse than the version that the alias names; None: that is not compared."""
    set_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    set_at: Mapped[datetime] = mapped_column(server_default=func.now())
