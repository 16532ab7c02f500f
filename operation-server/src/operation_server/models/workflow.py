"""Workflows: the draft that people edit, and the versions that run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class Workflow(Base):
    """A workflow as it is being edited; what of it runs is its deployed version."""

    __tablename__ = "workflows"
    __table_args__ = (
        Index(
            "uq_workflows_owner_id_name",
            "owner_id",
            "name",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    description: Mapped[str]
    schedule: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """A `Schedule`."""
    is_active: Mapped[bool]
    params: Mapped[dict[str, Any]] = mapped_column(JSON)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`WorkflowSettings`."""
    revision: Mapped[int] = mapped_column(server_default="1")
    """Counts edits of the workflow and its tasks, so that two editors do not overwrite each other."""
    deployed_version: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    deleted_at: Mapped[datetime | None]


class WorkflowTask(Base):
    """A task of a draft."""

    __tablename__ = "workflow_tasks"
    __table_args__ = (Index("uq_workflow_tasks_workflow_id_name", "workflow_id", "name", unique=True),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    """Tasks stand in the order of their ids."""
    workflow_id: Mapped[int] = mapped_column(ForeignKey("workflows.id"))
    name: Mapped[str]
    task: Mapped[dict[str, Any]] = mapped_column(JSON)
    """A `Task`, with its name."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WorkflowVersion(Base):
    """What was deployed: it never changes, and every run keeps the one it began with."""

    __tablename__ = "workflow_versions"
    __table_args__ = (
        Index("uq_workflow_versions_workflow_id_version", "workflow_id", "version", unique=True),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    workflow_id: Mapped[int] = mapped_column(ForeignKey("workflows.id"))
    version: Mapped[int]
    definition: Mapped[dict[str, Any]] = mapped_column(JSON)
    """A `WorkflowDefinition`."""
    pins: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What tasks run, by their names: the versions of plugins and workflows that were newest then."""
    digest: Mapped[str]
    """Of definition and pins, to tell whether anything changed."""
    deployed_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    deployed_at: Mapped[datetime] = mapped_column(server_default=func.now())
