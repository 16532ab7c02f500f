"""Clusters that are reached by SSH, and what their connectors told of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from operation_server.database.base import Base


class Cluster(Base):
    """A cluster as admins have registered it, and as it was when its connector reported last."""

    __tablename__ = "clusters"

    name: Mapped[str] = mapped_column(primary_key=True)
    address: Mapped[dict[str, Any]]
    """Host, port and user, and those of the bastion, if any."""
    options: Mapped[dict[str, Any]]
    """All else of a `ClusterSpec` that admins state."""
    host_keys: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    """Those that an admin has confirmed, each with the host and port that it is of."""
    seen_host_keys: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    """Those that the hosts have shown last."""
    is_distrusted: Mapped[bool] = mapped_column(server_default=text("false"))
    """A host has shown another key than the confirmed one, and nobody has confirmed that since."""
    is_draining: Mapped[bool] = mapped_column(server_default=text("false"))
    generation: Mapped[int] = mapped_column(server_default="1")
    probe: Mapped[int] = mapped_column(server_default="0")
    """Grows with each wish to look at everything anew."""
    public_key: Mapped[str]
    secret_id: Mapped[str] = mapped_column(ForeignKey("secrets.id"))
    """The private key."""
    state: Mapped[str] = mapped_column(server_default="unconfirmed")
    reason: Mapped[str] = mapped_column(server_default="")
    state_since: Mapped[datetime] = mapped_column(server_default=func.now())
    report: Mapped[dict[str, Any] | None]
    """The newest `ClusterReport`, without the digests."""
    cached_digests: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    reported_at: Mapped[datetime | None]
    """By the clock of the database."""
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ClusterEvent(Base):
    """A change of a cluster's state."""

    __tablename__ = "cluster_events"
    __table_args__ = (Index("ix_cluster_events_cluster_name_id", "cluster_name", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    cluster_name: Mapped[str] = mapped_column(ForeignKey("clusters.name", ondelete="CASCADE"))
    state: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class ClusterJob(Base):
    """An attempt on a cluster, as the connector told of it. The cluster may be gone."""

    __tablename__ = "cluster_jobs"

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    cluster_name: Mapped[str]
    folder: Mapped[str | None]
    phase: Mapped[str | None]
    process_id: Mapped[str | None]
    commit: Mapped[str | None]
    gpus: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    workspace: Mapped[str] = mapped_column(server_default="present")
    removed_after: Mapped[datetime | None]
    files: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    """What lay in its folder of outputs, as `ClusterFile`s."""
    seen_at: Mapped[datetime]


class JobMetricSeries(Base):
    """The values of one metric of an attempt, out of what it wrote to `metrics.json`."""

    __tablename__ = "job_metric_series"

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    points: Mapped[list[Any]] = mapped_column(JSONB)
    """`[step, value, seconds since 1970]`, by step."""
