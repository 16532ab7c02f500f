"""Every Redis key of Satellite outside Celery's own, each made in one place.

Redis holds nothing that PostgreSQL cannot restore: all of these may vanish at any moment.
"""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from satellite.contracts.identity import AttemptKey, JobKey, uid_by_number

EPOCH: Final = "satellite:epoch"
"""Random token set by the dispatcher; absent or foreign means that Redis lost its data."""

DATABASE_MARK: Final = "satellite:database"
"""How far the database of the operation server had come; when it is further back, it was recovered."""

EVENTS: Final = "satellite:events"
"""The one stream of events; entry ids are the cursors of clients."""

CONTROL_CHANNEL: Final = "satellite:control"
"""Pub/sub channel of `ControlMessage`s to workers; only a hint, the cancel key is the fact."""

WORKERS: Final = "satellite:workers"
"""Set of worker names; a worker adds its own with each heartbeat, readers remove those without one."""

DRAINED_WORKERS: Final = "satellite:drained-workers"
"""A `DrainedWorkers` as JSON; while it is absent, each worker goes by what it has heard last."""

COUNTERS: Final = "satellite:counters"
"""Hash of counts since Redis was last empty: stale outcomes, lost attempts and the like."""

RESULTS_CONSUMERS: Final = "satellite:results:consumers"
"""Set of the lists of `results_in_flight` that may hold something."""

NEWEST_TTL_S: Final = 86_400
"""As long as a message of an earlier attempt may lie in the broker while no worker takes it."""


def results_in_flight(consumer: str) -> str:
    """List of messages of the results queue that one consumer works on; none is lost if it dies."""
    return f"satellite:results:in-flight:{consumer}"


LEASES: Final = "satellite:lease:*"
"""Pattern of all leases; `leased` tells whose one of them is."""

_LEASE: Final = re.compile(r"satellite:(?:lease|adoptable):(\d+):(\d+)(?::([0-9a-f-]{36}))?")


def claim(key: AttemptKey) -> str:
    """Key of the first worker to claim an attempt; outlives the attempt, so that duplicates are dropped."""
    return f"satellite:claim:{_attempt(key)}"


def lease(key: AttemptKey) -> str:
    """Key that a worker renews while it runs an attempt; its value is the worker's name."""
    return f"satellite:lease:{_attempt(key)}"


ADOPTABLE: Final = "satellite:adoptable:*"
"""Pattern of all keys of `adoptable`; `leased` tells whose one of them is."""


def adoptable(key: AttemptKey) -> str:
    """Key that a worker renews while it runs an attempt that others could go on with; outlives its lease."""
    return f"satellite:adoptable:{_attempt(key)}"


def adoption_offers(place: str) -> str:
    """Hash of `AdoptionOffer`s as JSON, for the workers of one place, by the fields of `adoption_field`."""
    return f"satellite:adoptions:{place}"


def adoption_field(key: AttemptKey) -> str:
    """Field of an attempt's newest offer."""
    return _attempt(key)


def leased(name: str) -> AttemptKey | None:
    """Return the attempt that a key of `lease` or `adoptable` is about, or None if it is neither."""
    found = _LEASE.fullmatch(name)
    if found is None:
        return None
    job_id = int(found[1])
    return AttemptKey(job_id, int(found[2]), UUID(found[3]) if found[3] else uid_by_number(job_id))


def cancel(job: JobKey) -> str:
    """Key that exists when a job shall not run (any more)."""
    return f"satellite:cancel:{_job(job)}"


def newest_attempt(job: JobKey) -> str:
    """Key of the newest attempt of a job that was dispatched again; older ones are not executed any more."""
    return f"satellite:newest:{_job(job)}"


def _job(job: JobKey) -> str:
    return f"{job.job_id}{_of_uid(job)}"


def _attempt(key: AttemptKey) -> str:
    return f"{key.job_id}:{key.attempt}{_of_uid(key.job)}"


def _of_uid(job: JobKey) -> str:
    # What was there before jobs had uids keeps its names, so that workers of both releases mean the same.
    return "" if job.uid == uid_by_number(job.job_id) else f":{job.uid}"


def put_aside(what: str) -> str:
    """Key of the reason why dispatch leaves a job, or a group of them, alone for a while."""
    return f"satellite:aside:{what}"


def rate(name: str, who: str) -> str:
    """Key of the time at which all of a rate is free again; `who` is a user, an API key or an address."""
    return f"satellite:rate:{name}:{who}"


def worker(name: str) -> str:
    """Key of a worker's heartbeat, a `WorkerHeartbeat` as JSON."""
    return f"satellite:worker:{name}"


def worker_left(name: str) -> str:
    """Key by which a worker says for a while that it has left in order; its value is when it had started."""
    return f"satellite:worker-left:{name}"


def published_events(second: int, bucket: int) -> str:
    """Bitmap of the durable events of one second that are in the stream already, a thousand ids a bucket.

    The second, because after a recovery from a backup ids are given again, and the moment never is.
    """
    return f"satellite:published:{second}:{bucket}"
