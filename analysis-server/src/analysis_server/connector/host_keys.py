"""Looks at the keys that hosts show while nobody has confirmed them, and when they have changed."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final

import structlog

from analysis_server.connector.destination import destination_of
from analysis_server.connector.lookout import state_of
from analysis_server.connector.ssh.address import Destination
from analysis_server.connector.ssh.errors import SshError
from analysis_server.connector.ssh.scan import scan_host_keys, scan_host_keys_behind
from analysis_server.operation_api.client import APIRefused, APIUnavailable
from analysis_server.operation_api.clusters import ClustersOfAPI, KnownClusters
from satellite.contracts.cluster import ClusterReport, ClusterSpec, SeenHostKey
from satellite.contracts.cluster_nodes import ClusterState

LOOK_EVERY_S: Final = 30.0

logger = structlog.get_logger(__name__)


class HostKeys:
    """Reports them for people to confirm; nobody logs in for that but on a bastion whose key is confirmed."""

    def __init__(self, clusters: ClustersOfAPI) -> None:
        """Look at none yet."""
        self._clusters = clusters
        self._looked: dict[tuple[str, int], float] = {}

    def look(self, known: KnownClusters) -> None:
        """Look at the clusters that may not be connected to, each now and then and when it was changed."""
        for name, spec in known.specs.items():
            if spec.trusted or time.monotonic() < self._looked.get((name, spec.generation), 0):
                continue
            self._looked[name, spec.generation] = time.monotonic() + LOOK_EVERY_S
            self._report(spec, destination_of(spec, known.private_keys.get(name, "")))

    def _report(self, spec: ClusterSpec, destination: Destination) -> None:
        state, reason, keys = ClusterState.UNCONFIRMED, "", list[SeenHostKey]()
        try:
            keys = _seen(destination)
        except SshError as error:
            state, reason = state_of(error), str(error)
        report = ClusterReport(
            name=spec.name,
            generation=spec.generation,
            state=state,
            reason=reason[:1_000],
            seen_host_keys=keys,
            seen_at=datetime.now(UTC),
        )
        try:
            self._clusters.report(report)
        except (APIUnavailable, APIRefused) as error:
            logger.info("host keys not reported", cluster=spec.name, reason=str(error))


def _seen(destination: Destination) -> list[SeenHostKey]:
    """Return the keys of the first host on the way that nobody has confirmed yet.

    Raises:
        SshError: it cannot be seen.
    """
    via, address = destination.via, destination.address
    if via is not None and not via.host_keys:
        return [SeenHostKey(host=via.host, port=via.port, key=key) for key in scan_host_keys(via)]
    found = scan_host_keys_behind(destination)
    return [SeenHostKey(host=address.host, port=address.port, key=key) for key in found]
