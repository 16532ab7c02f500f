"""All SQL about drafts and versions of workflows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.models import Workflow, WorkflowRun, WorkflowTask, WorkflowVersion
from operation_server.models.workflow_run import OPEN

_SHOWN: Final = (
    Workflow.id,
    Workflow.name,
    Workflow.description,
    Workflow.schedule,
    Workflow.is_active,
    Workflow.params,
    Workflow.settings,
    Workflow.revision,
    Workflow.deployed_version,
    Workflow.owner_id,
    Workflow.created_at,
    Workflow.updated_at,
)
_TASK: Final = (
    WorkflowTask.id,
    WorkflowTask.workflow_id,
    WorkflowTask.name,
    WorkflowTask.task,
    WorkflowTask.created_at,
    WorkflowTask.updated_at,
)


async def add(connection: AsyncConnection, **columns: Any) -> int:
    """Add a workflow and return its id.

    Raises:
        IntegrityError: the owner has one of this name.
    """
    return (await connection.execute(insert(Workflow).values(**columns).returning(Workflow.id))).scalar_one()


async def find(connection: AsyncConnection, workflow_id: int) -> AnyRow | None:
    """Return a workflow, or None if there is none (any more)."""
    query = select(*_SHOWN).where(Workflow.id == workflow_id, Workflow.deleted_at.is_(None))
    return (await connection.execute(query)).one_or_none()


async def find_named(connection: AsyncConnection, owner_id: int, name: str) -> AnyRow | None:
    """Return an owner's workflow of a name, or None."""
    query = select(*_SHOWN).where(
        Workflow.owner_id == owner_id, Workflow.name == name, Workflow.deleted_at.is_(None)
    )
    return (await connection.execute(query)).one_or_none()


async def lock(connection: AsyncConnection, workflow_id: int) -> AnyRow | None:
    """Return a workflow that nobody else changes until the transaction ends, or None."""
    query = select(*_SHOWN).where(Workflow.id == workflow_id, Workflow.deleted_at.is_(None))
    return (await connection.execute(query.with_for_update())).one_or_none()


async def list_page(
    connection: AsyncConnection, *, owner_id: int | None, name: str | None, skip: int, limit: int
) -> tuple[int, Sequence[AnyRow]]:
    """Return the number of workflows, of an owner or of all, and a page of them, newest first."""
    wanted: list[ColumnElement[bool]] = [Workflow.deleted_at.is_(None)]
    if owner_id is not None:
        wanted.append(Workflow.owner_id == owner_id)
    if name is not None:
        wanted.append(Workflow.name == name)
    total = await connection.scalar(select(func.count()).select_from(Workflow).where(*wanted)) or 0
    query = select(*_SHOWN).where(*wanted).order_by(Workflow.id.desc()).offset(skip).limit(limit)
    return total, (await connection.execute(query)).all()


async def change(connection: AsyncConnection, workflow_id: int, columns: Mapping[str, Any]) -> None:
    """Change columns of a workflow, and count that.

    Raises:
        IntegrityError: the owner has another one of the new name.
    """
    await connection.execute(
        update(Workflow)
        .where(Workflow.id == workflow_id)
        .values(**columns, revision=Workflow.revision + 1, updated_at=func.now())
    )


async def remove(connection: AsyncConnection, workflow_id: int) -> None:
    """Let a workflow be seen no more; its versions and runs stay."""
    await connection.execute(
        update(Workflow).where(Workflow.id == workflow_id).values(deleted_at=func.now(), is_active=False)
    )


async def has_open_runs(connection: AsyncConnection, workflow_id: int) -> bool:
    """Tell whether a run of a workflow has not ended."""
    query = select(WorkflowRun.id).where(WorkflowRun.workflow_id == workflow_id, text(OPEN)).limit(1)
    return (await connection.execute(query)).one_or_none() is not None


async def list_tasks(connection: AsyncConnection, workflow_id: int) -> Sequence[AnyRow]:
    """Return the tasks of a workflow's draft in their order."""
    query = select(*_TASK).where(WorkflowTask.workflow_id == workflow_id).order_by(WorkflowTask.id)
    return (await connection.execute(query)).all()


async def find_task(connection: AsyncConnection, task_id: int) -> AnyRow | None:
    """Return a task of a draft, or None."""
    return (await connection.execute(select(*_TASK).where(WorkflowTask.id == task_id))).one_or_none()


async def add_tasks(
    connection: AsyncConnection, workflow_id: int, tasks: Sequence[Mapping[str, Any]]
) -> list[int]:
    """Add tasks to a draft, and return their ids in order.

    Raises:
        IntegrityError: it has one of a name.
    """
    if not tasks:
        return []
    rows = [{"workflow_id": workflow_id, "name": task["name"], "task": dict(task)} for task in tasks]
    statement = insert(WorkflowTask).returning(WorkflowTask.id, sort_by_parameter_order=True)
    return list((await connection.execute(statement, rows)).scalars())


async def change_task(connection: AsyncConnection, task_id: int, task: Mapping[str, Any]) -> None:
    """Replace a task of a draft.

    Raises:
        IntegrityError: the workflow has another one of the new name.
    """
    await connection.execute(
        update(WorkflowTask)
        .where(WorkflowTask.id == task_id)
        .values(name=task["name"], task=dict(task), updated_at=func.now())
    )


async def delete_task(connection: AsyncConnection, task_id: int) -> None:
    """Remove a task from its draft."""
    await connection.execute(delete(WorkflowTask).where(WorkflowTask.id == task_id))


async def delete_tasks(connection: AsyncConnection, workflow_id: int) -> None:
    """Remove all tasks of a draft."""
    await connection.execute(delete(WorkflowTask).where(WorkflowTask.workflow_id == workflow_id))


async def add_version(connection: AsyncConnection, workflow_id: int, **columns: Any) -> int:
    """Add a version to a workflow, which is locked, and return its number."""
    numbers = select(func.coalesce(func.max(WorkflowVersion.version), 0) + 1).where(
        WorkflowVersion.workflow_id == workflow_id
    )
    version: int = (await connection.execute(numbers)).scalar_one()
    await connection.execute(
        insert(WorkflowVersion).values(workflow_id=workflow_id, version=version, **columns)
    )
    return version


async def find_version(connection: AsyncConnection, workflow_id: int, version: int) -> AnyRow | None:
    """Return a version's id, digest and definition, or None."""
    query = select(
        WorkflowVersion.id, WorkflowVersion.version, WorkflowVersion.digest, WorkflowVersion.definition
    ).where(WorkflowVersion.workflow_id == workflow_id, WorkflowVersion.version == version)
    return (await connection.execute(query)).one_or_none()


async def list_versions(
    connection: AsyncConnection, workflow_id: int, *, skip: int, limit: int
) -> tuple[int, Sequence[AnyRow]]:
    """Return the number of a workflow's versions and a page of them, newest first."""
    of_workflow = WorkflowVersion.workflow_id == workflow_id
    total = await connection.scalar(select(func.count()).select_from(WorkflowVersion).where(of_workflow)) or 0
    query = (
        select(
            WorkflowVersion.version,
            WorkflowVersion.digest,
            func.json_array_length(WorkflowVersion.definition["tasks"]).label("tasks"),
            WorkflowVersion.deployed_by,
            WorkflowVersion.deployed_at,
        )
        .where(of_workflow)
        .order_by(WorkflowVersion.version.desc())
        .offset(skip)
        .limit(limit)
    )
    return total, (await connection.execute(query)).all()


async def set_deployed(connection: AsyncConnection, workflow_id: int, version: int) -> None:
    """Let a version be the one that runs; the draft stays as it is."""
    await connection.execute(
        update(Workflow).where(Workflow.id == workflow_id).values(deployed_version=version)
    )
