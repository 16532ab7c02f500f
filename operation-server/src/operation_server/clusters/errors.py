"""What can go wrong with clusters."""

from __future__ import annotations

from satellite.errors import SatelliteError


class ClusterNotFound(SatelliteError):
    """There is no such cluster."""

    code = "cluster_not_found"


class ClusterExists(SatelliteError):
    """There is a cluster of this name already; change it, or take another name."""

    code = "cluster_exists"


class ClusterInUse(SatelliteError):
    """Jobs are active on the cluster; drain it, and wait for them or cancel them."""

    code = "cluster_in_use"


class ClusterKeyInvalid(SatelliteError):
    """The private key is none that can be used."""

    code = "cluster_key_invalid"


class HostKeyNotSeen(SatelliteError):
    """No host of the cluster has shown a key of this fingerprint."""

    code = "host_key_not_seen"


class ClusterQuotaReached(SatelliteError):
    """There are as many clusters as there may be; delete one that nobody uses."""

    code = "cluster_quota_reached"
