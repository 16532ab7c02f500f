"""Clusters: GPU machines that are reached by SSH alone, and what their connectors ask and tell.

A connector asks for the clusters with `ClustersRequest`, tells how each is with `ClusterReport`, and how the
jobs are that it has there with `ClusterJobReport`. All three are signed as the requests for secrets are. The
private keys are sealed for the one process that asked, see `satellite.contracts.run_secrets`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import Field

from satellite.contracts.cluster_needs import ClusterName
from satellite.contracts.cluster_nodes import ClusterNode, ClusterRoom, ClusterState
from satellite.contracts.job import AttemptMessage
from satellite.contracts.message import Message

CLUSTERS_PATH: Final = "/api/v1/worker/clusters"
REPORT_PATH: Final = "/api/v1/worker/clusters/report"
JOB_REPORT_PATH: Final = "/api/v1/worker/clusters/jobs"
CACHED_DIGESTS_MAX: Final = 10_000
FILES_MAX: Final = 10_000
METRICS_BYTES_MAX: Final = 1_000_000

_BASE64_OF_32_BYTES: Final = r"^[A-Za-z0-9+/]{43}=$"


class Launcher(StrEnum):
    """What gives out the cards of a cluster."""

    BUILTIN = "builtin"
    GPU_RUN = "gpu-run"
    SLURM = "slurm"


class SSHHop(Message):
    """A host on the way to a cluster; `host_keys` are in the form of OpenSSH, `ssh-ed25519 AAAA…`."""

    host: str
    port: int = 22
    user: str
    host_keys: list[str] = Field(default=[], description="The confirmed ones; no other is taken.")


class ClusterSpec(Message):
    """A cluster as its connector is told of it; its private key comes sealed, see `SealedClusters`."""

    name: ClusterName
    host: str
    port: int = 22
    user: str
    host_keys: list[str] = Field(default=[], description="The confirmed ones; none while unconfirmed.")
    via: SSHHop | None = Field(default=None, description="The bastion.")
    base_dir: str = Field(description="Absolute, or `~/` and a path.")
    launcher: Launcher = Launcher.BUILTIN
    labels: dict[str, str] = Field(default_factory=dict)
    slots: int = Field(default=64, description="Attempts that are there at the same time.")
    allowed_roots: list[str] = Field(default=[], description="Where code that exists there may be.")
    python: str = "python3"
    keep_days: float = Field(default=7, description="A job's folder is kept for so long after it ended.")
    draining: bool = False
    trusted: bool = Field(default=False, description="Whether to connect, other than to see the host keys.")
    generation: int = Field(default=1, description="Grows with each change; a report says which it knows.")


class ClustersRequest(Message):
    """A connector asks for all clusters."""

    worker: str = Field(min_length=1, max_length=100)
    public_key: str = Field(pattern=_BASE64_OF_32_BYTES, description="X25519, in base64.")


class SealedClusters(Message):
    """The clusters, and the private keys by their names, as JSON, sealed like `SealedSecrets`."""

    clusters: list[ClusterSpec]
    public_key: str = Field(pattern=_BASE64_OF_32_BYTES, description="X25519, in base64.")
    sealed: str = Field(description="In base64: a JSON object of keys in the form of OpenSSH, by cluster.")


class SeenHostKey(Message):
    """A key that a host has shown."""

    host: str = Field(max_length=255)
    port: int = 22
    key: str = Field(max_length=4_096, description="In the form of OpenSSH.")


class ClusterCheck(Message):
    """One thing that was looked at on a cluster, as `satellite cluster doctor` shows it."""

    name: str = Field(max_length=100)
    ok: bool
    detail: str = Field(default="", max_length=1_000)


class ClusterReport(Message):
    """How a cluster is, as its connector sees it; told every few seconds and at each change of state."""

    name: ClusterName
    generation: int = Field(default=1, description="Of the `ClusterSpec` that the connector goes by.")
    state: ClusterState
    reason: str = Field(default="", max_length=1_000)
    seen_host_keys: list[SeenHostKey] = Field(default=[], max_length=32)
    rtt_ms: float | None = None
    nodes: list[ClusterNode] = Field(default=[], max_length=1_000)
    disk_free_mib: int | None = None
    disk_total_mib: int | None = None
    waiting: int = Field(default=0, ge=0, description="Jobs that are there and wait for cards.")
    running: int = Field(default=0, ge=0)
    connections: int = Field(default=0, ge=0)
    cached_digests: list[str] = Field(
        default=[],
        max_length=CACHED_DIGESTS_MAX,
        description="SHA-256 of the files there, newest first.",
    )
    checks: list[ClusterCheck] = Field(default=[], max_length=100)
    probe: int = Field(default=0, ge=0, description="The newest wish to be probed that it has met.")
    seen_at: datetime

    @property
    def room(self) -> ClusterRoom:
        """Return what the heartbeat of the cluster's worker says of it."""
        return ClusterRoom(
            name=self.name,
            state=self.state,
            nodes=self.nodes,
            disk_free_mib=self.disk_free_mib,
            waiting=self.waiting,
        )


class ClusterReportAnswer(Message):
    """What a connector is told when it reports: whether to ask for the clusters again, and to probe."""

    generation: int
    probe: int = Field(default=0, description="To be met by a look at everything, and then reported.")


class ClusterFile(Message):
    """A file in a job's folder on a cluster."""

    path: str = Field(max_length=1_000, description="Relative to the folder of outputs.")
    size_bytes: int = Field(ge=0)
    sha256: str = ""


class FileTransfer(Message):
    """Files that were brought to or from a cluster."""

    direction: str = Field(pattern="^(in|out)$")
    size_bytes: int = Field(ge=0)
    took_s: float = Field(ge=0)


class Workspace(StrEnum):
    """What has become of a job's folder on a cluster."""

    PRESENT = "present"
    COLLECTED = "collected"
    """What it wrote is stored; the folder stays until its time is over."""
    REMOVED = "removed"


class ClusterJobReport(AttemptMessage):
    """How an attempt is on a cluster; what is left open has not changed since the report before."""

    worker: str
    cluster: ClusterName
    folder: str | None = Field(default=None, max_length=4_096, description="Absolute.")
    phase: str | None = Field(default=None, max_length=40, description="Such as staged, waiting, running.")
    process_id: str | None = Field(default=None, max_length=100, description="As the launcher knows it.")
    commit: str | None = Field(default=None, max_length=64)
    gpus: list[str] | None = Field(default=None, max_length=64)
    workspace: Workspace | None = None
    removed_after: datetime | None = Field(default=None, description="When the folder may go.")
    files: list[ClusterFile] | None = Field(default=None, max_length=FILES_MAX)
    metrics_json: str | None = Field(
        default=None, max_length=METRICS_BYTES_MAX, description="`outputs/metrics.json` as it is now."
    )
    transfers: list[FileTransfer] = Field(default=[], max_length=1_000)
    seen_at: datetime


def context_of(request: ClustersRequest, answer_key: str) -> bytes:
    """Return what an answer is bound to: that it is of clusters, the connector and both public keys."""
    parts = ("satellite clusters", request.worker, request.public_key, answer_key)
    return "\n".join(parts).encode()
