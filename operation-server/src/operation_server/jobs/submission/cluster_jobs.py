"""What is looked at of jobs for clusters, by whichever door they come."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from pydantic import ValidationError

from operation_server.jobs.schemas import JobCreate
from operation_server.jobs.transitions import NewJob
from operation_server.metrics.recording import gpu_job_submitted
from operation_server.problems import Violation
from satellite.contracts.cluster_needs import CLUSTER_RUNTIME
from satellite.contracts.gpu_job import GPU_JOB, required
from satellite.contracts.json_text import json_pointer
from satellite.contracts.plugin_manifest import PluginManifest, PluginMode
from satellite.contracts.requires import Requires

log = structlog.get_logger(__name__)


def for_cluster(request: JobCreate, manifest: PluginManifest) -> tuple[Requires, list[Violation]]:
    """Return what a job requires, of a GPU job with what its input needs, and what is wrong with that input.

    Its schema has said most of it already; this says what a schema cannot.
    """
    if manifest.name != GPU_JOB:
        return request.requires, []
    try:
        return required(request.input_data, request.requires), []
    except ValidationError as error:
        return request.requires, [
            Violation(f"/input_data{json_pointer(fault['loc'])}", fault["msg"])
            for fault in error.errors(include_url=False, include_input=False)
        ]


def unfit_for_clusters(requires: Requires, manifest: PluginManifest, *, at: str) -> list[Violation]:
    """Return why a plugin cannot run on a cluster, where that is asked for."""
    if requires.runtime != CLUSTER_RUNTIME:
        return []
    if manifest.mode is not PluginMode.ONESHOT:
        return [Violation(f"{at}/runtime", "is cluster; only plugins of mode 'oneshot' run there")]
    if manifest.command is None:
        return [Violation(f"{at}/runtime", "is cluster; only plugins that say their command run there")]
    return []


def tell_submitted(jobs: Iterable[tuple[int, NewJob]]) -> None:
    """Count and log the jobs for clusters among some that were stored, each given with its number."""
    for job_id, job in jobs:
        # Nearly none is, and to parse what they require would cost each.
        if f'"runtime":"{CLUSTER_RUNTIME}"' not in job.requires_json and job.plugin_name != GPU_JOB:
            continue
        needs = Requires.model_validate_json(job.requires_json).cluster
        gpu_job_submitted(job.owner_id)
        log.info(
            "job_submitted",
            job_id=job_id,
            user_id=job.owner_id,
            gpu_count=(needs.gpus if needs else None) or 0,
            estimated_duration=job.timeout_s,
        )
