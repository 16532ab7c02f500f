"""What the client does with workflows: makes, changes and deploys them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import httpx

from satellite.client.calls import Call, Flow, ask, send, tell
from satellite.client.connection import Connection
from satellite.client.models import Page
from satellite.client.reading import check_request, json_of, read_answer
from satellite.client.workflow_models import (
    Deployment,
    Draft,
    Workflow,
    WorkflowDifference,
    WorkflowTask,
    WorkflowVersion,
)

PAGE = 200
DEPLOYED_WITHIN: Final = httpx.Timeout(10, read=120)
"""A worker looks through the Python of its tasks meanwhile, and may have to make the environment first."""


class WorkflowCalls(Connection):
    """The part of the clients about workflows; changes for a `revision` are refused if it is another one.

    A `Conflict` (`workflow_changed`) then says that somebody has changed the workflow meanwhile.
    """

    @Call
    def create_workflow(self, definition: Mapping[str, Any]) -> Flow[Workflow]:
        """Make a workflow; `definition` has its `name` and whatever else is not as usual.

        Raises:
            Conflict: you have one of this name.
        """
        check_request(definition)
        return ask(Workflow, "POST", "/workflows", body=definition)

    @Call
    def get_workflow(self, workflow_id: int) -> Flow[Workflow]:
        """Return a workflow with its tasks as they are being edited."""
        return ask(Workflow, "GET", f"/workflows/{workflow_id}")

    @Call
    def list_workflows(
        self, *, name: str | None = None, skip: int = 0, limit: int = 100
    ) -> Flow[Page[Workflow]]:
        """List workflows, newest first: your own, for admins all."""
        query = {"name": name, "skip": skip, "limit": limit}
        return ask(Page[Workflow], "GET", "/workflows", params=query)

    @Call
    def find_workflow(self, name: str) -> Flow[Workflow | None]:
        """Return your workflow of a name, None if there is none."""
        me = yield from ask(dict[str, Any], "GET", "/users/me")
        page = yield from ask(Page[Workflow], "GET", "/workflows", params={"name": name, "limit": PAGE})
        return next((each for each in page.items if each.owner_id == me["id"]), None)

    @Call
    def update_workflow(
        self, /, workflow_id: int, *, revision: int | None = None, **fields: Any
    ) -> Flow[Workflow]:
        """Change a workflow: `name`, `description`, `schedule`, `is_active`, `params` or `settings`."""
        check_request(fields)
        headers = _only_at(revision)
        return ask(Workflow, "PUT", f"/workflows/{workflow_id}", body=fields, headers=headers)

    @Call
    def delete_workflow(self, workflow_id: int, *, revision: int | None = None) -> Flow[None]:
        """Delete a workflow; its runs can still be seen.

        Raises:
            Conflict: a run of it has not ended.
        """
        return tell("DELETE", f"/workflows/{workflow_id}", headers=_only_at(revision))

    @Call
    def get_draft(self, workflow_id: int) -> Flow[Draft]:
        """Return a workflow as one document."""
        response = yield from send("GET", f"/workflows/{workflow_id}/definition")
        document = read_answer(dict[str, Any], json_of(response))
        return Draft(document=document, revision=_revision(response.headers.get("ETag", "")))

    @Call
    def replace_draft(
        self, workflow_id: int, definition: Mapping[str, Any], *, revision: int | None = None
    ) -> Flow[Draft]:
        """Replace a workflow and all its tasks by a document; what runs is what was deployed."""
        check_request(definition)
        response = yield from send(
            "PUT", f"/workflows/{workflow_id}/definition", body=definition, headers=_only_at(revision)
        )
        document = read_answer(dict[str, Any], json_of(response))
        return Draft(document=document, revision=_revision(response.headers.get("ETag", "")))

    @Call
    def apply_workflow(self, definition: Mapping[str, Any]) -> Flow[Workflow]:
        """Make the workflow of the name that the definition has, or replace yours; safe to repeat."""
        known = yield from WorkflowCalls.find_workflow(self, str(definition.get("name", "")))
        if known is None:
            return (yield from WorkflowCalls.create_workflow(self, definition))
        yield from WorkflowCalls.replace_draft(self, known.id, definition)
        return (yield from WorkflowCalls.get_workflow(self, known.id))

    @Call
    def deploy_workflow(self, workflow_id: int) -> Flow[Deployment]:
        """Make a workflow as it is now the version that runs; the same again changes nothing.

        Raises:
            Refused: it has faults, of which `violations` has each with its task.
        """
        path = f"/workflows/{workflow_id}/deploy"
        return ask(Deployment, "POST", path, is_repeatable=True, timeout=DEPLOYED_WITHIN)

    @Call
    def export_dag(self, workflow_id: int, *, style: str = "mirror") -> Flow[str]:
        """Return what is deployed as the file of a DAG of Airflow; `style` is `mirror` or `native`.

        Raises:
            Refused: it has what Airflow has not; `violations` has each with its task.
        """
        path = f"/workflows/{workflow_id}/airflow"
        return (yield from send("GET", path, params={"style": style})).text

    @Call
    def list_workflow_versions(
        self, workflow_id: int, *, skip: int = 0, limit: int = 100
    ) -> Flow[Page[WorkflowVersion]]:
        """List the versions of a workflow, newest first."""
        query = {"skip": skip, "limit": limit}
        return ask(Page[WorkflowVersion], "GET", f"/workflows/{workflow_id}/versions", params=query)

    @Call
    def get_workflow_version(self, workflow_id: int, version: int) -> Flow[dict[str, Any]]:
        """Return a version as one document."""
        return ask(dict[str, Any], "GET", f"/workflows/{workflow_id}/versions/{version}")

    @Call
    def compare_workflow_version(
        self, workflow_id: int, version: int, *, against: int | None = None
    ) -> Flow[WorkflowDifference]:
        """Return what differs between a version and another one, by default the draft."""
        path = f"/workflows/{workflow_id}/versions/{version}/diff"
        return ask(WorkflowDifference, "GET", path, params={"against": against})

    @Call
    def add_task(self, workflow_id: int, task: Mapping[str, Any]) -> Flow[WorkflowTask]:
        """Add a task to a workflow; what it depends on may come later."""
        check_request(task)
        return ask(WorkflowTask, "POST", "/tasks", body={**task, "workflow_id": workflow_id})

    @Call
    def get_task(self, task_id: int) -> Flow[WorkflowTask]:
        """Return a task of a workflow."""
        return ask(WorkflowTask, "GET", f"/tasks/{task_id}")

    @Call
    def change_task(
        self, /, task_id: int, *, revision: int | None = None, **fields: Any
    ) -> Flow[WorkflowTask]:
        """Change what is stated of a task; under a new name it is still what others depend on."""
        check_request(fields)
        return ask(WorkflowTask, "PUT", f"/tasks/{task_id}", body=fields, headers=_only_at(revision))

    @Call
    def delete_task(self, task_id: int, *, revision: int | None = None) -> Flow[None]:
        """Remove a task from its workflow."""
        return tell("DELETE", f"/tasks/{task_id}", headers=_only_at(revision))


def _only_at(revision: int | None) -> dict[str, str]:
    return {} if revision is None else {"If-Match": f'"{revision}"'}


def _revision(etag: str) -> int | None:
    # A proxy that compresses makes it a weak one.
    text = etag.removeprefix("W/").strip('"')
    return int(text) if text.isdecimal() else None
