"""A draft as one document, and back; what is as if nobody had said it is left out, so it is byte-stable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from operation_server.database.rows import AnyRow
from satellite.contracts.workflow import Task, WorkflowDefinition


def definition_of(workflow: AnyRow, tasks: Iterable[AnyRow]) -> WorkflowDefinition:
    """Return the document of a draft."""
    return WorkflowDefinition.model_validate(
        {
            "name": workflow.name,
            "description": workflow.description,
            "schedule": workflow.schedule,
            "is_active": workflow.is_active,
            "params": workflow.params,
            "settings": workflow.settings,
            "tasks": [row.task for row in tasks],
        }
    )


def task_document(task: Task) -> dict[str, Any]:
    """Return a task as it is stored: its name, and what its author has stated."""
    return task.document()


def document_of(definition: WorkflowDefinition) -> dict[str, Any]:
    """Return a definition as it is shown and kept: what differs from the defaults, in their order."""
    return definition.document()


def digest_of(definition: WorkflowDefinition, pins: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a version runs."""
    text = json.dumps(
        {"definition": document_of(definition), "pins": pins}, sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(text.encode()).hexdigest()
