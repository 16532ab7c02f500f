"""Typed answers about clusters, and about what jobs have there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from satellite.client.models import Answer
from satellite.contracts.cluster import ClusterCheck
from satellite.contracts.cluster_nodes import ClusterNode


class HostKey(Answer):
    """A key that a host on the way to a cluster has shown, or that was confirmed."""

    host: str
    port: int
    kind: str
    fingerprint: str
    is_confirmed: bool


class Cluster(Answer):
    """A cluster, and how its connector has seen it last."""

    name: str
    host: str
    port: int
    user: str
    via: dict[str, Any] | None = None
    base_dir: str
    launcher: str
    labels: dict[str, str] = Field(default_factory=dict)
    slots: int
    state: str
    reason: str = ""
    state_since: datetime
    is_trusted: bool
    is_draining: bool
    host_keys: list[HostKey] = Field(default_factory=list)
    authorized_key: str = ""
    cards: int = 0
    cards_free: int = 0
    waiting: int = 0
    running: int = 0
    rtt_ms: float | None = None
    disk_free_mib: int | None = None
    disk_total_mib: int | None = None
    checks: list[ClusterCheck] = Field(default_factory=list)
    reported_at: datetime | None = None
    is_reporting: bool = False


class ClusterEvent(Answer):
    """A change of a cluster's state."""

    state: str
    reason: str = ""
    at: datetime


class JobFile(Answer):
    """A file of a job: `stored`, or on the `cluster` alone."""

    path: str
    size_bytes: int
    sha256: str | None = None
    place: str
    file_id: str | None = None


class WorkspaceFolder(Answer):
    """Where an attempt's folder lies on its cluster."""

    attempt: int
    cluster: str
    folder: str | None = None
    phase: str | None = None
    gpus: list[str] | None = None
    commit: str | None = None
    workspace: str
    removed_after: datetime | None = None
    look_by: str | None = None


class MetricSeries(Answer):
    """The values of one metric: step, value, and when it was seen first."""

    name: str
    points: list[tuple[float, float, datetime]]
    last: float


Node = ClusterNode
