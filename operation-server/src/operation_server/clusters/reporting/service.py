"""The rules by which connectors are given clusters and report of them."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import structlog

from operation_server.clusters import repository
from operation_server.clusters.errors import ClusterNotFound
from operation_server.clusters.reading import spec_of
from operation_server.clusters.reporting import job_reports
from operation_server.clusters.trust import KnownKey, hosts_of, merged, read_keys, readable, shows_other
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.database.rows import AnyRow
from operation_server.secrets import repository as secrets
from operation_server.secrets.envelope import open_value
from operation_server.secrets.errors import SecretDamaged, SecretKeyMissing
from operation_server.secrets.giving.sealing import seal_for
from operation_server.secrets.key_ring import KeyRing
from operation_server.signals.repository import raise_signal
from operation_server.trail.actions import Action
from operation_server.trail.recording import record
from satellite.contracts.cluster import (
    ClusterJobReport,
    ClusterReport,
    ClusterReportAnswer,
    ClustersRequest,
    SealedClusters,
    context_of,
)
from satellite.contracts.cluster_nodes import ClusterState
from satellite.contracts.notification import NotificationKind

OF_TRUST: Final = {ClusterState.UNCONFIRMED, ClusterState.UNTRUSTED, ClusterState.REFUSED}
"""States that a change by an admin may have ended, so that an older report does not bring them back."""
KEY_CHANGED: Final = "Its host key changed: compare the new one and trust it, or find out who answers there."

log = structlog.get_logger(__name__)


class ClusterReporting:
    """Answers connectors."""

    def __init__(self, connections: Connections, ring: KeyRing) -> None:
        self._connections = connections
        self._ring = ring

    async def give(self, request: ClustersRequest, *, token: str) -> SealedClusters:
        """Return all clusters, and their private keys sealed for who asked; one that cannot be opened lacks.

        Raises:
            WorkerKeyUnfit: the public key of the connector is none.
        """
        async with self._connections.begin() as connection:
            rows = await repository.list_all(connection)
            found = await secrets.find_stored(connection, [row.secret_id for row in rows])
            keys = {each.identity.id: key for each in found if (key := self._open(each)) is not None}
            given = [row for row in rows if row.secret_id in keys]
            await record(
                connection, None, Action.GIVE_CLUSTERS, *(row.name for row in given), worker=request.worker
            )
        sealed = seal_for(
            {row.name: keys[row.secret_id] for row in given},
            public_key=request.public_key,
            context=partial(context_of, request),
            token=token,
        )
        return SealedClusters(
            clusters=[spec_of(row) for row in given], public_key=sealed.public_key, sealed=sealed.sealed
        )

    async def take(self, report: ClusterReport) -> ClusterReportAnswer:
        """Keep how a cluster is, and tell what its connector should do about it.

        Raises:
            ClusterNotFound: it was deleted.
        """
        async with self._connections.begin() as connection:
            row = await repository.lock(connection, report.name)
            if row is None:
                raise ClusterNotFound(f"There is no cluster {report.name}.")
            await repository.note_report(connection, report.name, **await _noted(connection, row, report))
            now = await repository.find(connection, report.name)
        return ClusterReportAnswer(generation=(now or row).generation, probe=row.probe)

    async def take_job(self, report: ClusterJobReport) -> bool:
        """Keep how an attempt is; tell whether it is one of that cluster's."""
        async with self._connections.begin() as connection:
            return await job_reports.take(connection, report)

    def _open(self, stored: secrets.StoredSecret) -> str | None:
        try:
            return open_value(self._ring, *stored)
        except (SecretKeyMissing, SecretDamaged) as error:
            log.error("the key of a cluster cannot be opened", name=stored.identity.name, error=str(error))  # noqa: TRY400
            return None


TOLD_OF: Final = {
    ClusterState.UNREACHABLE: NotificationKind.CLUSTER_UNREACHABLE,
    ClusterState.UNTRUSTED: NotificationKind.CLUSTER_UNTRUSTED,
    ClusterState.READY: NotificationKind.CLUSTER_READY,
}
"""Changes that people may want to be told of."""
QUIET_S: Final = 600
"""A line that comes and goes is told of once in this time."""


async def _noted(connection: AsyncConnection, row: AnyRow, report: ClusterReport) -> dict[str, Any]:
    """Return what is kept of a report, and note what it changes."""
    hosts = hosts_of(row.address)
    shown = readable((KnownKey(key.host, key.port, key.key) for key in report.seen_host_keys), hosts)
    seen = merged(read_keys(row.seen_host_keys), shown)
    fields: dict[str, Any] = {
        "report": report.model_dump(mode="json", exclude={"cached_digests", "seen_host_keys"}),
        "cached_digests": report.cached_digests,
        "seen_host_keys": [key._asdict() for key in seen],
    }
    is_newest = report.generation >= row.generation
    state, reason = report.state, report.reason
    if is_newest and (state is ClusterState.UNTRUSTED or shows_other(read_keys(row.host_keys), shown)):
        state, reason = ClusterState.UNTRUSTED, reason or KEY_CHANGED
        if not row.is_distrusted:
            await repository.change(connection, row.name, is_distrusted=True)
            await record(connection, None, Action.DISTRUST_CLUSTER, row.name, reason=reason)
    if not is_newest and state in OF_TRUST:
        return fields
    if state != row.state:
        await repository.add_event(connection, row.name, state=state, reason=reason)
        if (kind := TOLD_OF.get(state)) is not None:
            raised = partial(raise_signal, kind=kind, about=row.name, quiet_s=QUIET_S, reason=reason)
            await connection.run_sync(raised)
        fields |= {"state": state.value, "state_since": repository.NOW}
    return fields | {"reason": reason}
