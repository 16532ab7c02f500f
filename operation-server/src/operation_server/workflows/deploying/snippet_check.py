"""Whether snippets are Python is asked of the plugin that runs them: no server parses users' code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog
from pydantic import ValidationError
from pydantic_core import from_json

from operation_server.accounts.account import Account
from operation_server.jobs.schemas import JobCreate
from operation_server.jobs.service import JobService
from operation_server.jobs.submission.service import SubmissionService
from operation_server.problems import Violation
from operation_server.workflows.deploying.faults import at
from satellite.contracts.job import JobStatus
from satellite.contracts.python_task import (
    PYTHON_TASK,
    CheckSnippets,
    SnippetFault,
    SnippetsChecked,
    SnippetToCheck,
)
from satellite.contracts.workflow import Task

WAIT_S: Final = 30.0
JOB_BYTES_MAX: Final = 900_000
UNKNOWN: Final = "Whether the snippets are Python was not found out"

log = structlog.get_logger(__name__)


class SnippetCheck:
    """Checks snippets."""

    def __init__(self, submissions: SubmissionService, jobs: JobService) -> None:
        self._submissions = submissions
        self._jobs = jobs

    async def find_faults(
        self, caller: Account, tasks: Sequence[Task], *, version: str
    ) -> tuple[list[Violation], str | None]:
        """Return what in the snippets of tasks is no Python, and a warning where that cannot be told."""
        faults: list[Violation] = []
        for part in _parts(tasks):
            found, warning = await self._check(caller, part, version)
            if warning is not None:
                return faults, warning
            faults += found
        return faults, None

    async def _check(
        self, caller: Account, tasks: Sequence[Task], version: str
    ) -> tuple[list[Violation], str | None]:
        asked = CheckSnippets(
            snippets=[SnippetToCheck(task=task.name, code=task.python_callable or "") for task in tasks]
        )
        request = JobCreate(
            plugin_name=PYTHON_TASK,
            plugin_version=version,
            input_data=asked.model_dump(mode="json"),
            priority=9,
            queue_ttl_s=WAIT_S,
        )
        submission = await self._submissions.submit(caller, request, idempotency_key=None)
        job = await self._jobs.wait_submitted(caller, submission.document, timeout_s=WAIT_S)
        if job.status is not JobStatus.COMPLETED:
            return [], f"{UNKNOWN}: job {job.id} is {job.status}. A task whose snippet is none will fail."
        try:
            checked = SnippetsChecked.model_validate(from_json(job.text)["result"])
        except ValidationError:
            log.exception("a check of snippets answered something else", job_id=job.id)
            return (
                [],
                f"{UNKNOWN}: job {job.id} answered something else.",
            )
        return [Violation(at(fault.task, "python_callable"), _told(fault)) for fault in checked.faults], None


def _told(fault: SnippetFault) -> str:
    place = [] if fault.line is None else [f"line {fault.line}"]
    place += [] if fault.column is None else [f"column {fault.column}"]
    return f"{', '.join(place)}: {fault.message}" if place else fault.message


def _parts(tasks: Sequence[Task]) -> list[list[Task]]:
    """Return tasks in parts whose snippets fit into one job each."""
    parts: list[list[Task]] = []
    size = JOB_BYTES_MAX
    for task in tasks:
        needed = 2 * len((task.python_callable or "").encode())
        if size + needed > JOB_BYTES_MAX:
            parts.append([])
            size = 0
        parts[-1].append(task)
        size += needed
    return parts
