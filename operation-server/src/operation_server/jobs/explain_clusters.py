"""Why each cluster does not take a job now: what is registered, what its connector says, what it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from operation_server.database.rows import AnyRow
from operation_server.jobs.repository import Circumstances
from operation_server.jobs.transitions.placement import needs_of
from satellite.contracts.cluster_nodes import ClusterState
from satellite.contracts.worker import WorkerHeartbeat

CLUSTERS_TOLD = 20
WORDS: Mapping[str, str] = {
    ClusterState.UNREACHABLE: "is unreachable",
    ClusterState.UNTRUSTED: "is untrusted: its host key changed",
    ClusterState.REFUSED: "does not let its connector in",
    ClusterState.UNCONFIRMED: "has a host key that nobody has confirmed",
}


def refusals_of_clusters(around: Circumstances, workers: Sequence[WorkerHeartbeat]) -> dict[str, list[str]]:
    """Return why each cluster refuses a job, by name; one that takes it has no reasons."""
    by_cluster = {beat.cluster.name: beat for beat in workers if beat.cluster is not None}
    return {row.name: list(_refusals(around, row, by_cluster.get(row.name))) for row in around.clusters}


def told(refusals: Mapping[str, Sequence[str]]) -> str:
    """Return the reasons of those clusters that have some, in one line."""
    refusing = [(name, reasons) for name, reasons in refusals.items() if reasons]
    parts = [f"cluster {name} {' and '.join(reasons)}" for name, reasons in refusing[:CLUSTERS_TOLD]]
    more = len(refusing) - CLUSTERS_TOLD
    return "; ".join([*parts, *([f"and {more} more clusters"] if more > 0 else [])])


def _refusals(around: Circumstances, row: AnyRow, beat: WorkerHeartbeat | None) -> Iterator[str]:
    if row.is_draining:
        yield "is draining"
    if row.state != ClusterState.READY:
        yield f"{WORDS.get(row.state, row.state)} since {row.state_since:%Y-%m-%d %H:%M:%S} UTC"
    elif beat is None:
        yield "has no live connector"
    if beat is None:
        return
    if beat.drained:
        yield "has a worker that is drained"
    if not beat.consumer_ok:
        yield "has a connector that takes no jobs"
    requires, resources = around.requires, around.demands.needs
    yield from beat.worker_class.refusals(requires, resources)
    if beat.cluster is not None and row.state == ClusterState.READY:
        yield from beat.cluster.refusals(needs_of(requires, resources))
