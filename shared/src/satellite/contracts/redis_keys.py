"""Every Redis key of Satellite outside Celery's own, each made in one place.

Redis holds nothing that PostgreSQL cannot restore: all of these may vanish at any moment.
"""

from __future__ import annotations

from typing import Final

EPOCH: Final = "satellite:epoch"
"""Random token set by the dispatcher; absent or foreign means that Redis lost its data."""

EVENTS: Final = "satellite:events"
"""The one stream of events; entry ids are the cursors of clients."""

CONTROL_CHANNEL: Final = "satellite:control"
"""Pub/sub channel of `ControlMessage`s to workers; only a hint, the cancel key is the fact."""

WORKERS: Final = "satellite:workers"
"""Set of worker names; a worker adds its own with each heartbeat, readers remove those without one."""

COUNTERS: Final = "satellite:counters"
"""Hash of counts since Redis was last empty: stale outcomes, lost attempts and the like."""

RESULTS_CONSUMERS: Final = "satellite:results:consumers"
"""Set of the lists of `results_in_flight` that may hold something."""

NEWEST_TTL_S: Final = 86_400
"""As long as a message of an earlier attempt may lie in the broker while no worker takes it."""


def results_in_flight(consumer: str) -> str:
    """List of messages of the results queue that one consumer works on; none is lost if it dies."""
    return f"satellite:results:in-flight:{consumer}"


def claim(job_id: int, attempt: int) -> str:
    """Key of the first worker to claim an attempt; outlives the attempt, so that duplicates are dropped."""
    return f"satellite:claim:{job_id}:{attempt}"


def lease(job_id: int, attempt: int) -> str:
    """Key that a worker renews while it runs an attempt; its value is the worker's name."""
    return f"satellite:lease:{job_id}:{attempt}"


def cancel(job_id: int) -> str:
    """Key that exists when a job shall not run (any more)."""
    return f"satellite:cancel:{job_id}"


def newest_attempt(job_id: int) -> str:
    """Key of the newest attempt of a job that was dispatched again; older ones are not executed any more."""
    return f"satellite:newest:{job_id}"


def put_aside(what: str) -> str:
    """Key of the reason why dispatch leaves a job, or a group of them, alone for a while."""
    return f"satellite:aside:{what}"


def worker(name: str) -> str:
    """Key of a worker's heartbeat, a `WorkerHeartbeat` as JSON."""
    return f"satellite:worker:{name}"


def published_events(bucket: int) -> str:
    """Bitmap of the durable event ids already in the stream, one million ids a bucket."""
    return f"satellite:published:{bucket}"
