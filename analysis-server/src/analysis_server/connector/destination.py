"""From a cluster as it is registered to where SSH goes."""

from __future__ import annotations

from analysis_server.connector.ssh.address import Destination, HostAddress
from satellite.contracts.cluster import ClusterSpec


def destination_of(spec: ClusterSpec, private_key: str) -> Destination:
    """Return where a cluster is, and what lets us in."""
    hop = spec.via
    via = None
    if hop is not None:
        via = HostAddress(host=hop.host, port=hop.port, user=hop.user, host_keys=tuple(hop.host_keys))
    address = HostAddress(host=spec.host, port=spec.port, user=spec.user, host_keys=tuple(spec.host_keys))
    return Destination(address=address, private_key=private_key, via=via)
