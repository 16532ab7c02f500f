"""Turns what is asked of clusters into ordinary jobs, which the ordinary submission accepts."""

from __future__ import annotations

from typing import Any, Final

from operation_server.accounts.account import Account
from operation_server.gpu_jobs.errors import NotOnClusters
from operation_server.gpu_jobs.schemas import NEEDS, GpuJobCreate
from operation_server.jobs.schemas import JobCreate
from operation_server.jobs.submission.service import Submission, SubmissionService
from satellite.contracts.gpu_job import GPU_JOB, GpuJobInput

RETRIED: Final = {"kinds": ["lost", "internal"]}
"""Unless a job says otherwise: what fails by itself would take its cards once more for nothing."""


class GpuJobService:
    """Submits GPU jobs."""

    def __init__(self, submissions: SubmissionService) -> None:
        self._submissions = submissions

    async def submit(
        self,
        caller: Account,
        request: GpuJobCreate,
        *,
        idempotency_key: str | None,
        traceparent: str | None = None,
    ) -> Submission:
        """Store a job for a cluster; see `SubmissionService.submit`.

        Raises:
            NotOnClusters: it names another plugin and what only `gpu-job` takes.
        """
        return await self._submissions.submit(
            caller, job_of(request), idempotency_key=idempotency_key, traceparent=traceparent
        )


def job_of(request: GpuJobCreate) -> JobCreate:
    """Return the ordinary request that is meant.

    Raises:
        NotOnClusters: see `GpuJobService.submit`.
    """
    options: dict[str, Any] = {
        name: getattr(request, name) for name in request.model_fields_set & set(JobCreate.model_fields)
    }
    requires, cluster = request.requires_stated(), {"name": request.cluster} if request.cluster else {}
    if request.plugin_name == GPU_JOB:
        options |= {"input_data": request.input_stated()}
        options.setdefault("retry", RETRIED)
    else:
        cluster |= request.needs_stated()
        _refuse_what_is_not_for(request)
    if cluster:
        requires["cluster"] = {**requires.get("cluster", {}), **cluster}
    return JobCreate.model_validate(options | {"plugin_name": request.plugin_name, "requires": requires})


def _refuse_what_is_not_for(request: GpuJobCreate) -> None:
    own = set(GpuJobInput.model_fields) | {"entry_script", "script_arguments", "code_source", "source_path"}
    if foreign := sorted((own - set(NEEDS)) & request.model_fields_set):
        raise NotOnClusters(foreign, GPU_JOB)
