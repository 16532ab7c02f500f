"""Where an attempt is that was sent to a cluster, which is known before anybody has told of it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from satellite.contracts.cluster_needs import CLUSTER_RUNTIME
from satellite.contracts.identity import AttemptKey
from satellite.contracts.run_handle import RunHandle
from satellite.contracts.task_names import cluster_of_queue

_PLACE_PREFIX: Final = f"{CLUSTER_RUNTIME}:"
_UID_CHARS: Final = 8


def place_of_cluster(name: str) -> str:
    """Return the place of what runs on a cluster."""
    return f"{_PLACE_PREFIX}{name}"


def worker_of_cluster(name: str) -> str:
    """Return what the worker of a cluster is called."""
    return f"{CLUSTER_RUNTIME}-{name}"


def folder_of(key: AttemptKey) -> str:
    """Return the name of an attempt's folder on a cluster; no other attempt of any installation has it."""
    return f"{key.job_id}-{key.attempt}-{key.uid.hex[:_UID_CHARS]}"


def handle_of(key: AttemptKey, *, cluster: str, began_at: datetime) -> RunHandle:
    """Return by what an attempt on a cluster is found; its deadline is kept there, and not known here."""
    return RunHandle(
        runtime=CLUSTER_RUNTIME,
        place=place_of_cluster(cluster),
        name=folder_of(key),
        began_at=began_at,
        deadline_at=began_at,
    )


def handle_by_queue(key: AttemptKey, *, queue: str, began_at: datetime) -> RunHandle:
    """Return the handle of an attempt that went to the queue of a cluster.

    Raises:
        ValueError: it is not the queue of a cluster.
    """
    return handle_of(key, cluster=cluster_of_queue(queue), began_at=began_at)
