"""Shows and changes drafts of workflows."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.problems import Violation
from operation_server.settings import DagStyle
from operation_server.workflows import changes, repository
from operation_server.workflows.access import find_visible
from operation_server.workflows.airflow.dags import DagFolder, dag_of
from operation_server.workflows.definitions import definition_of, document_of
from operation_server.workflows.differing import WorkflowDifference, difference_of
from operation_server.workflows.errors import WorkflowNotDeployed, WorkflowUnfit, WorkflowVersionNotFound
from operation_server.workflows.schedules.errors import ScheduleInvalid
from operation_server.workflows.schedules.fault import schedule_fault
from operation_server.workflows.schemas import (
    TaskChange,
    TaskCreate,
    TaskRead,
    VersionList,
    VersionRead,
    WorkflowChange,
    WorkflowDetail,
    WorkflowList,
    WorkflowRead,
    task_read,
    workflow_fields,
)
from satellite.contracts.json_text import json_pointer
from satellite.contracts.workflow import Schedule, WorkflowDefinition


class WorkflowService:
    """Makes, shows and changes workflows of the caller's; methods raise what `changes` and `access` say."""

    def __init__(self, connections: Connections, dags: DagFolder) -> None:
        self._connections = connections
        self._dags = dags

    async def create(self, caller: Account, definition: WorkflowDefinition) -> WorkflowDetail:
        """Make a workflow."""
        _require_schedule(definition.schedule)
        async with self._connections.begin() as connection:
            workflow_id = await changes.create(connection, caller, definition)
            return await _detail(connection, caller, workflow_id)

    async def get(self, caller: Account, workflow_id: int) -> WorkflowDetail:
        """Return a workflow with its tasks."""
        async with self._connections.connect() as connection:
            return await _detail(connection, caller, workflow_id)

    async def list_page(self, caller: Account, *, name: str | None, skip: int, limit: int) -> WorkflowList:
        """Return a page of the caller's workflows, newest first; who may see all gets all."""
        owner_id = require(caller, Permission.READ_WORKFLOWS).owner_id
        async with self._connections.connect() as connection:
            total, rows = await repository.list_page(
                connection, owner_id=owner_id, name=name, skip=skip, limit=limit
            )
        return WorkflowList(total=total, items=[WorkflowRead(**workflow_fields(row)) for row in rows])

    async def change(
        self, caller: Account, workflow_id: int, change: WorkflowChange, *, revision: int | None
    ) -> WorkflowDetail:
        """Change what is stated of a workflow, and return it."""
        _require_schedule(change.schedule)
        columns = {
            name: value
            for name, value in change.model_dump(mode="json", exclude_unset=True).items()
            if value is not None or name == "schedule"
        }
        async with self._connections.begin() as connection:
            await changes.change(connection, caller, workflow_id, columns, revision=revision)
            return await _detail(connection, caller, workflow_id)

    async def delete(self, caller: Account, workflow_id: int, *, revision: int | None) -> None:
        """Delete a workflow."""
        async with self._connections.begin() as connection:
            await changes.remove(connection, caller, workflow_id, revision=revision)
        await self._dags.forget(workflow_id)

    async def definition(self, caller: Account, workflow_id: int) -> tuple[dict[str, Any], int]:
        """Return a workflow as one document, and its revision."""
        async with self._connections.connect() as connection:
            row = await find_visible(connection, caller, workflow_id)
            tasks = await repository.list_tasks(connection, workflow_id)
        return document_of(definition_of(row, tasks)), row.revision

    async def replace(
        self, caller: Account, workflow_id: int, definition: WorkflowDefinition, *, revision: int | None
    ) -> tuple[dict[str, Any], int]:
        """Replace a draft by a document, and return it as it is now, with its revision."""
        _require_schedule(definition.schedule)
        async with self._connections.begin() as connection:
            await changes.change(
                connection,
                caller,
                workflow_id,
                changes.columns_of(definition),
                revision=revision,
                tasks=definition.tasks,
            )
        return await self.definition(caller, workflow_id)

    async def version(self, caller: Account, workflow_id: int, version: int) -> dict[str, Any]:
        """Return a version as one document.

        Raises:
            WorkflowVersionNotFound: there is none of this number.
        """
        async with self._connections.connect() as connection:
            await find_visible(connection, caller, workflow_id)
            row = await repository.find_version(connection, workflow_id, version)
        if row is None:
            raise WorkflowVersionNotFound(f"Workflow {workflow_id} has no version {version}.")
        definition: dict[str, Any] = row.definition
        return definition

    async def difference(
        self, caller: Account, workflow_id: int, version: int, *, against: int | None
    ) -> WorkflowDifference:
        """Return what differs between a version and another one, or the draft.

        Raises:
            WorkflowVersionNotFound: there is none of one of the numbers.
        """
        before = await self.version(caller, workflow_id, version)
        if against is None:
            after, _ = await self.definition(caller, workflow_id)
        else:
            after = await self.version(caller, workflow_id, against)
        return difference_of(before, after, version=version, against=against)

    async def dag(self, caller: Account, workflow_id: int, style: DagStyle) -> str:
        """Return what is deployed of a workflow as the file of a DAG.

        Raises:
            WorkflowNotDeployed: nothing is.
            NotExportable: Airflow has nothing that does exactly the same.
        """
        async with self._connections.connect() as connection:
            row = await find_visible(connection, caller, workflow_id)
        if row.deployed_version is None:
            raise WorkflowNotDeployed(f"Workflow {workflow_id} was never deployed; deploy it first.")
        document = await self.version(caller, workflow_id, row.deployed_version)
        definition = WorkflowDefinition.model_validate(document)
        return dag_of(definition, workflow_id=workflow_id, style=style)

    async def list_versions(self, caller: Account, workflow_id: int, *, skip: int, limit: int) -> VersionList:
        """Return a page of a workflow's versions, newest first."""
        async with self._connections.connect() as connection:
            await find_visible(connection, caller, workflow_id)
            total, rows = await repository.list_versions(connection, workflow_id, skip=skip, limit=limit)
        return VersionList(total=total, items=[VersionRead(**row._asdict()) for row in rows])

    async def add_task(self, caller: Account, request: TaskCreate) -> TaskRead:
        """Add a task to a workflow."""
        async with self._connections.begin() as connection:
            task_id = await changes.add_task(connection, caller, request.workflow_id, request.as_task())
            return task_read(await changes.find_task(connection, caller, task_id))

    async def get_task(self, caller: Account, task_id: int) -> TaskRead:
        """Return a task."""
        async with self._connections.connect() as connection:
            return task_read(await changes.find_task(connection, caller, task_id))

    async def change_task(
        self, caller: Account, task_id: int, change: TaskChange, *, revision: int | None
    ) -> TaskRead:
        """Change what is stated of a task, and return it.

        Raises:
            WorkflowUnfit: it is no task any more.
        """
        stated = change.model_dump(mode="json", exclude_unset=True)
        async with self._connections.begin() as connection:
            try:
                await changes.change_task(connection, caller, task_id, stated, revision=revision)
            except ValidationError as error:
                raise WorkflowUnfit(
                    [Violation(json_pointer(each["loc"]), each["msg"]) for each in error.errors()]
                ) from error
            return task_read(await changes.find_task(connection, caller, task_id))

    async def delete_task(self, caller: Account, task_id: int, *, revision: int | None) -> None:
        """Remove a task from its workflow."""
        async with self._connections.begin() as connection:
            await changes.delete_task(connection, caller, task_id, revision=revision)


async def _detail(connection: AsyncConnection, caller: Account, workflow_id: int) -> WorkflowDetail:
    row = await find_visible(connection, caller, workflow_id)
    tasks = await repository.list_tasks(connection, workflow_id)
    return WorkflowDetail(**workflow_fields(row), tasks=[task_read(task) for task in tasks])


def _require_schedule(schedule: Schedule | None) -> None:
    """Refuse a schedule that nobody can mean.

    Raises:
        ScheduleInvalid: it is one.
    """
    if schedule is not None and (fault := schedule_fault(schedule)) is not None:
        raise ScheduleInvalid(fault)
