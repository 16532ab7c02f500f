"""Whether a caller may see or change a workflow."""

from __future__ import annotations

from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection
from operation_server.database.rows import AnyRow
from operation_server.workflows import repository
from operation_server.workflows.errors import WorkflowChanged, WorkflowNotFound, WorkflowNotYours


async def find_visible(connection: AsyncConnection, caller: Account, workflow_id: int) -> AnyRow:
    """Return a workflow that the caller may see.

    Raises:
        WorkflowNotFound, WorkflowNotYours: there is none, or it is out of reach.
    """
    row = await repository.find(connection, workflow_id)
    return _within(caller, Permission.READ_WORKFLOWS, row, workflow_id)


async def lock_own(
    connection: AsyncConnection, caller: Account, workflow_id: int, *, revision: int | None = None
) -> AnyRow:
    """Return a workflow that the caller may change, and that nobody else changes meanwhile.

    Raises:
        WorkflowNotFound, WorkflowNotYours: there is none, or it is out of reach.
        WorkflowChanged: it is not at the revision that the caller has read.
    """
    row = await repository.lock(connection, workflow_id)
    row = _within(caller, Permission.CHANGE_WORKFLOWS, row, workflow_id)
    if revision is not None and row.revision != revision:
        raise WorkflowChanged(
            f"Workflow {workflow_id} is at revision {row.revision}, and your change is for {revision}; "
            "read it again, and put your change on top."
        )
    return row


def _within(caller: Account, permission: Permission, row: AnyRow | None, workflow_id: int) -> AnyRow:
    if row is None:
        raise WorkflowNotFound(f"There is no workflow {workflow_id}.")
    if row.owner_id not in require(caller, permission):
        raise WorkflowNotYours(f"Workflow {workflow_id} is somebody else's.")
    return row
