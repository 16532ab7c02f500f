"""What connectors tell of attempts on clusters: where they lie, what they wrote and measured."""

from __future__ import annotations

import structlog

from operation_server.clusters.reporting import repository
from operation_server.clusters.reporting.metric_points import points_of
from operation_server.database.connections import AsyncConnection
from operation_server.metrics.recording import files_transferred
from satellite.contracts.cluster import ClusterJobReport
from satellite.contracts.task_names import cluster_queue

log = structlog.get_logger(__name__)

KEPT = ("folder", "phase", "process_id", "commit", "gpus", "workspace", "removed_after")


async def take(connection: AsyncConnection, report: ClusterJobReport) -> bool:
    """Keep what a report tells anew, and return whether the attempt is one of that cluster's.

    Safe to repeat; an older report than the one before changes nothing.
    """
    key = report.key
    if not await repository.is_attempt(connection, key, queue=cluster_queue(report.cluster)):
        return False
    told = report.model_dump(mode="json", include=set(KEPT), exclude_none=True)
    if report.removed_after is not None:
        told["removed_after"] = report.removed_after
    if report.files is not None:
        told["files"] = [file.model_dump(mode="json") for file in report.files]
    had_begun = await repository.has_begun(connection, key)
    is_newest = await repository.note(
        connection, key, cluster_name=report.cluster, seen_at=report.seen_at, told=told
    )
    if not is_newest:
        return True
    if report.process_id is not None and not had_begun:
        log.info(
            "job_started", job_id=report.job_id, process_id=report.process_id, cluster_path=report.folder
        )
    for transfer in report.transfers:
        files_transferred(transfer.direction, transfer.took_s)
    if report.metrics_json is not None:
        await _note_metrics(connection, report, report.metrics_json)
    return True


async def _note_metrics(connection: AsyncConnection, report: ClusterJobReport, text: str) -> None:
    job_id, attempt = report.job_id, report.attempt
    before = await repository.read_series(connection, job_id, attempt)
    for name, points in points_of(text, before, at_s=report.seen_at.timestamp()).items():
        if points != before.get(name):
            await repository.put_series(connection, job_id, attempt, name, points)
