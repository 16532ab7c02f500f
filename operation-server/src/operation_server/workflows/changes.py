"""What changes drafts of workflows, each on a connection, so that more can join its transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection
from operation_server.database.errors import IntegrityError
from operation_server.database.rows import AnyRow
from operation_server.trail.actions import Action
from operation_server.trail.recording import record
from operation_server.workflows import repository
from operation_server.workflows.access import find_visible, lock_own
from operation_server.workflows.definitions import task_document
from operation_server.workflows.errors import (
    WorkflowInUse,
    WorkflowTaken,
    WorkflowTaskNotFound,
    WorkflowTaskTaken,
)
from satellite.contracts.workflow import Task, WorkflowDefinition


async def create(connection: AsyncConnection, caller: Account, definition: WorkflowDefinition) -> int:
    """Make a workflow, the caller's from now on, and return its id.

    Raises:
        WorkflowTaken: they have one of this name.
        WorkflowTaskTaken: two tasks have one name.
    """
    require(caller, Permission.CHANGE_WORKFLOWS)
    try:
        workflow_id = await repository.add(connection, owner_id=caller.id, **columns_of(definition))
    except IntegrityError as error:
        raise WorkflowTaken(f"You have a workflow {definition.name!r}; choose another name.") from error
    await _add_tasks(connection, workflow_id, definition.tasks)
    await record(connection, caller, Action.CREATE_WORKFLOW, workflow_id)
    return workflow_id


async def change(
    connection: AsyncConnection,
    caller: Account,
    workflow_id: int,
    columns: Mapping[str, Any],
    *,
    revision: int | None,
    tasks: Sequence[Task] | None = None,
) -> None:
    """Change what is stated of a workflow, with `tasks` all of these too; what runs stays as it was deployed.

    Raises:
        WorkflowNotFound, WorkflowNotYours: it is none of the caller's.
        WorkflowChanged: it is not at `revision`.
        WorkflowTaken: its owner has another one of the new name.
        WorkflowTaskTaken: two tasks have one name.
    """
    await lock_own(connection, caller, workflow_id, revision=revision)
    try:
        await repository.change(connection, workflow_id, columns)
    except IntegrityError as error:
        raise WorkflowTaken(f"There is another workflow {columns.get('name')!r}.") from error
    if tasks is not None:
        await repository.delete_tasks(connection, workflow_id)
        await _add_tasks(connection, workflow_id, tasks)
    await record(connection, caller, Action.CHANGE_WORKFLOW, workflow_id)


async def remove(
    connection: AsyncConnection, caller: Account, workflow_id: int, *, revision: int | None
) -> None:
    """Delete a workflow; what it has run can still be seen.

    Raises:
        WorkflowNotFound, WorkflowNotYours: it is none of the caller's.
        WorkflowChanged: it is not at `revision`.
        WorkflowInUse: a run of it has not ended.
    """
    await lock_own(connection, caller, workflow_id, revision=revision)
    if await repository.has_open_runs(connection, workflow_id):
        raise WorkflowInUse(f"Runs of workflow {workflow_id} have not ended; cancel them or wait.")
    await repository.remove(connection, workflow_id)
    await record(connection, caller, Action.DELETE_WORKFLOW, workflow_id)


async def add_task(connection: AsyncConnection, caller: Account, workflow_id: int, task: Task) -> int:
    """Add a task to a workflow, and return its id.

    Raises:
        WorkflowNotFound, WorkflowNotYours: it is none of the caller's.
        WorkflowTaskTaken: it has one of this name.
    """
    await lock_own(connection, caller, workflow_id)
    (task_id,) = await _add_tasks(connection, workflow_id, [task])
    await repository.change(connection, workflow_id, {})
    await record(connection, caller, Action.CHANGE_WORKFLOW, workflow_id, task=task.name)
    return task_id


async def change_task(
    connection: AsyncConnection,
    caller: Account,
    task_id: int,
    stated: Mapping[str, Any],
    *,
    revision: int | None,
) -> None:
    """Change what is stated of a task; under another name it is still what others depend on.

    Raises:
        WorkflowTaskNotFound, WorkflowNotYours: it is none of the caller's.
        WorkflowChanged: its workflow is not at `revision`.
        WorkflowTaskTaken: the workflow has another one of the new name.
        ValidationError: the task is none any more.
    """
    row = await find_task(connection, caller, task_id)
    await lock_own(connection, caller, row.workflow_id, revision=revision)
    task = Task.model_validate({**row.task, **stated})
    try:
        await repository.change_task(connection, task_id, task_document(task))
    except IntegrityError as error:
        raise WorkflowTaskTaken(f"The workflow has another task {task.name}.") from error
    if task.name != row.name:
        await _rename_dependencies(connection, row.workflow_id, row.name, task.name)
    await repository.change(connection, row.workflow_id, {})
    await record(connection, caller, Action.CHANGE_WORKFLOW, row.workflow_id, task=task.name)


async def delete_task(
    connection: AsyncConnection, caller: Account, task_id: int, *, revision: int | None
) -> None:
    """Remove a task; what depends on it says so when it is deployed.

    Raises:
        WorkflowTaskNotFound, WorkflowNotYours: it is none of the caller's.
        WorkflowChanged: its workflow is not at `revision`.
    """
    row = await find_task(connection, caller, task_id)
    await lock_own(connection, caller, row.workflow_id, revision=revision)
    await repository.delete_task(connection, task_id)
    await repository.change(connection, row.workflow_id, {})
    await record(connection, caller, Action.CHANGE_WORKFLOW, row.workflow_id, task=row.name)


async def find_task(connection: AsyncConnection, caller: Account, task_id: int) -> AnyRow:
    """Return a task of a workflow that the caller may see.

    Raises:
        WorkflowTaskNotFound, WorkflowNotYours: there is none, or it is out of reach.
    """
    row = await repository.find_task(connection, task_id)
    if row is None:
        raise WorkflowTaskNotFound(f"There is no task {task_id}.")
    await find_visible(connection, caller, row.workflow_id)
    return row


def columns_of(definition: WorkflowDefinition) -> dict[str, Any]:
    """Return what a definition says of the workflow itself."""
    schedule = definition.schedule
    return {
        "name": definition.name,
        "description": definition.description,
        "schedule": schedule and schedule.model_dump(mode="json", exclude_defaults=True),
        "is_active": definition.is_active,
        "params": definition.params,
        "settings": definition.settings.model_dump(mode="json", exclude_defaults=True),
    }


async def _add_tasks(connection: AsyncConnection, workflow_id: int, tasks: Sequence[Task]) -> list[int]:
    try:
        return await repository.add_tasks(connection, workflow_id, [task_document(task) for task in tasks])
    except IntegrityError as error:
        names = [task.name for task in tasks]
        taken = next((name for name in names if names.count(name) > 1), names[0])
        raise WorkflowTaskTaken(f"The workflow has a task {taken} already.") from error


async def _rename_dependencies(
    connection: AsyncConnection, workflow_id: int, before: str, after: str
) -> None:
    for row in await repository.list_tasks(connection, workflow_id):
        needed = row.task.get("dependencies", [])
        if before in needed:
            renamed = [after if name == before else name for name in needed]
            await repository.change_task(connection, row.id, {**row.task, "dependencies": renamed})
