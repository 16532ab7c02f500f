"""Requests and answers about clusters. No answer holds a private key."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from operation_server.clusters.ssh_keys import fingerprint_of
from satellite.contracts import gpu_job_places as places
from satellite.contracts import numbers
from satellite.contracts.cluster import ClusterCheck, Launcher
from satellite.contracts.cluster_needs import CLUSTER_LABEL, ClusterName
from satellite.contracts.cluster_nodes import ClusterNode, ClusterState
from satellite.contracts.requires import Labels

_LABEL: Final = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}"
HOST: Final = rf"^({_LABEL}(\.{_LABEL})*|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]+)$"
"""A name, or an address of IPv4 or IPv6; nothing that a program takes for an option."""
LOGIN: Final = r"^[A-Za-z_][A-Za-z0-9._-]{0,63}$"
SHORTEST_KEPT_DAYS: Final = 0.01


def _not_our_label(labels: dict[str, str]) -> dict[str, str]:
    if CLUSTER_LABEL in labels:
        raise ValueError(f"{CLUSTER_LABEL} is the name of the cluster itself")
    return labels


def _base_dir(path: str) -> str:
    inner = path.removeprefix("~/")
    parts = inner.removeprefix("/").split("/")
    if not (path.startswith(("/", "~/"))) or not all(parts) or {".", ".."} & set(parts):
        raise ValueError("must be absolute, or ~/ and a path, without . and ..")
    return path


def _host_key(key: str) -> str:
    fingerprint_of(key)
    return " ".join(key.split()[:2])


Host = Annotated[str, StringConstraints(max_length=253, pattern=HOST)]
Port = Annotated[int, Field(ge=1, le=65_535), numbers.NUMBER]
Login = Annotated[str, StringConstraints(pattern=LOGIN)]
BaseDir = Annotated[
    str,
    StringConstraints(min_length=2, max_length=500, pattern=r"^[^\\\x00-\x1f\x7f]+$"),
    AfterValidator(_base_dir),
]
Root = Annotated[str, StringConstraints(max_length=500, pattern=places.EXISTING_PATH)]
Python = Annotated[str, StringConstraints(max_length=200, pattern=r"^[A-Za-z0-9_/][A-Za-z0-9._+/-]*$")]
HostKey = Annotated[str, StringConstraints(max_length=4_096), AfterValidator(_host_key)]
OwnLabels = Annotated[Labels, AfterValidator(_not_our_label)]
Slots = Annotated[int, Field(ge=1, le=1_000), numbers.NUMBER]
KeepDays = Annotated[float, Field(ge=SHORTEST_KEPT_DAYS, le=366, allow_inf_nan=False), numbers.NUMBER]

CREATE_EXAMPLE: dict[str, Any] = {
    "name": "lab",
    "host": "gpu.example",
    "user": "satellite",
    "base_dir": "/cluster/ml-jobs",
    "labels": {"zone": "a"},
    "via": {"host": "bastion.example", "user": "satellite"},
}


class Hop(BaseModel):
    """The bastion on the way to a cluster."""

    model_config = ConfigDict(extra="forbid")

    host: Host
    port: Port = 22
    user: Login
    host_keys: list[HostKey] = Field(
        default=[], max_length=8, description="Known ones, as in `known_hosts` without the host."
    )


class ClusterCreate(BaseModel):
    """A cluster to register: one address of SSH, a login host or a GPU server."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [CREATE_EXAMPLE]})

    name: ClusterName
    host: Host
    port: Port = 22
    user: Login
    host_keys: list[HostKey] = Field(
        default=[], max_length=8, description="Known ones; without any a fingerprint is confirmed later."
    )
    via: Hop | None = Field(default=None, description="The bastion, which is jumped over.")
    base_dir: BaseDir = Field(default="~/ml-jobs", description="Where jobs have their folders.")
    launcher: Launcher = Launcher.BUILTIN
    labels: OwnLabels = Field(default_factory=dict)
    slots: Slots = Field(default=64, description="Attempts that are there at the same time.")
    allowed_roots: list[Root] = Field(
        default=[], max_length=32, description="Below these code that exists there may be run."
    )
    python: Python = Field(default="python3", description="At least 3.6.")
    keep_days: KeepDays = Field(default=7, description="A job's folder stays for so long after it ended.")
    private_key: SecretStr | None = Field(
        default=None,
        max_length=32_768,
        description="Of OpenSSH or PEM, without a passphrase; a pair is made unless given. Never shown.",
    )


class ClusterChange(BaseModel):
    """What to change of a cluster; what is left out stays. Another address needs its keys confirmed anew."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"slots": 32}]})

    host: Host | None = None
    port: Port | None = None
    user: Login | None = None
    via: Hop | None = None
    base_dir: BaseDir | None = None
    launcher: Launcher | None = None
    labels: OwnLabels | None = None
    slots: Slots | None = None
    allowed_roots: list[Root] | None = Field(default=None, max_length=32)
    python: Python | None = None
    keep_days: KeepDays | None = None
    private_key: SecretStr | None = Field(default=None, max_length=32_768)


class TrustRequest(BaseModel):
    """The fingerprint that an admin has compared with what the host's own admin says."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"fingerprint": "SHA256:uNiVztksCsDhcc0u9e8BrrGkEVxGQ1+Fm2hpVd9ifCs"}]
        },
    )

    fingerprint: str = Field(pattern=r"^SHA256:[A-Za-z0-9+/]{43}$")


class HostKeyRead(BaseModel):
    """A key that a host of the cluster has shown, or that was confirmed."""

    host: str
    port: int
    kind: str = Field(examples=["ssh-ed25519"])
    fingerprint: str = Field(examples=["SHA256:uNiVztksCsDhcc0u9e8BrrGkEVxGQ1+Fm2hpVd9ifCs"])
    is_confirmed: bool


CLUSTER_EXAMPLE: dict[str, Any] = {
    "name": "lab",
    "host": "gpu.example",
    "port": 22,
    "user": "satellite",
    "via": {"host": "bastion.example", "port": 22, "user": "satellite"},
    "base_dir": "/cluster/ml-jobs",
    "launcher": "builtin",
    "labels": {"zone": "a"},
    "slots": 64,
    "allowed_roots": [],
    "python": "python3",
    "keep_days": 7,
    "state": "ready",
    "reason": "",
    "state_since": "2026-01-02T03:04:05Z",
    "is_trusted": True,
    "is_draining": False,
    "host_keys": [
        {
            "host": "gpu.example",
            "port": 22,
            "kind": "ssh-ed25519",
            "fingerprint": "SHA256:uNiVztksCsDhcc0u9e8BrrGkEVxGQ1+Fm2hpVd9ifCs",
            "is_confirmed": True,
        }
    ],
    "authorized_key": "restrict ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA… satellite-lab",
    "cards": 8,
    "cards_free": 3,
    "waiting": 0,
    "running": 5,
    "connections": 1,
    "rtt_ms": 0.6,
    "disk_free_mib": 900_000,
    "disk_total_mib": 2_000_000,
    "checks": [{"name": "python", "ok": True, "detail": "3.11.2"}],
    "generation": 3,
    "reported_at": "2026-01-02T03:04:05Z",
    "is_reporting": True,
    "created_at": "2026-01-02T03:04:05Z",
    "changed_at": "2026-01-02T03:04:05Z",
}


class Address(BaseModel):
    """Where a host is and as whom one logs in."""

    host: str
    port: int
    user: str


class ClusterRead(BaseModel):
    """A cluster, and how its connector has seen it last."""

    model_config = ConfigDict(json_schema_extra={"examples": [CLUSTER_EXAMPLE]})

    name: str
    host: str
    port: int
    user: str
    via: Address | None
    base_dir: str
    launcher: Launcher
    labels: dict[str, str]
    slots: int
    allowed_roots: list[str]
    python: str
    keep_days: float
    state: ClusterState
    reason: str = Field(description="Why it is in this state, where that needs saying.")
    state_since: datetime
    is_trusted: bool = Field(description="Every host on the way has a confirmed key, and showed no other.")
    is_draining: bool = Field(description="It is sent no further jobs.")
    host_keys: list[HostKeyRead]
    authorized_key: str = Field(description="To be put into `authorized_keys` of every host on the way.")
    cards: int
    cards_free: int
    waiting: int = Field(description="Jobs that are there and wait for cards.")
    running: int
    connections: int
    rtt_ms: float | None
    disk_free_mib: int | None
    disk_total_mib: int | None
    checks: list[ClusterCheck]
    generation: int
    reported_at: datetime | None
    is_reporting: bool = Field(description="Its connector has reported in the last minute.")
    created_at: datetime
    changed_at: datetime


class ClusterList(BaseModel):
    """All clusters by name."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [CLUSTER_EXAMPLE]}]})

    total: int
    items: list[ClusterRead]


NODE_EXAMPLE: dict[str, Any] = {
    "name": "gpu-1",
    "cpus": 32,
    "memory_mib": 256_000,
    "cards": [
        {
            "uuid": "GPU-5f1d",
            "index": 0,
            "name": "NVIDIA A100-SXM4-40GB",
            "memory_mib": 40_960,
            "memory_used_mib": 31_002,
            "holder": "job 42",
        }
    ],
}
EVENT_EXAMPLE: dict[str, Any] = {
    "state": "unreachable",
    "reason": "no answer for 15 s",
    "at": "2026-01-02T03:04:05Z",
}
ACTIVE_EXAMPLE: dict[str, Any] = {
    "job_id": 42,
    "attempt": 1,
    "owner_id": 1,
    "plugin_name": "gpu-job",
    "status": "processing",
    "phase": "running",
    "gpus": ["GPU-5f1d"],
    "started_at": "2026-01-02T03:04:05Z",
}


class NodeList(BaseModel):
    """The nodes of a cluster with their cards, as of the newest report."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"total": 1, "items": [NODE_EXAMPLE], "reported_at": "2026-01-02T03:04:05Z"}]
        }
    )

    total: int
    items: list[ClusterNode]
    reported_at: datetime | None


class ClusterEventRead(BaseModel):
    """A change of a cluster's state."""

    model_config = ConfigDict(from_attributes=True)

    state: str = Field(description="A state, or what an admin did: registered, changed, draining, resumed.")
    reason: str
    at: datetime


class ClusterEventList(BaseModel):
    """The changes of a cluster's state, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [EVENT_EXAMPLE]}]})

    total: int
    items: list[ClusterEventRead]


class ActiveJobRead(BaseModel):
    """A job that was sent to a cluster and has not ended."""

    model_config = ConfigDict(from_attributes=True)

    job_id: int
    attempt: int
    owner_id: int
    plugin_name: str
    status: str
    phase: str | None = Field(description="As the cluster has it, such as staged, waiting or running.")
    gpus: list[str] | None
    started_at: datetime | None


class ActiveJobList(BaseModel):
    """The active jobs of a cluster, oldest first: the caller's own, for admins and viewers all."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [ACTIVE_EXAMPLE]}]})

    total: int
    items: list[ActiveJobRead]
