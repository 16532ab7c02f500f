"""Events by the dozen a second, as a busy platform tells them."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from operation_server.live.event_publisher import EventPublisher
from satellite.contracts.event import EventSubject, EventType, StreamEntry

News = dict[str, Any]
"""What an event tells, but for when."""


def progress_of(job_id: int, uid: UUID) -> News:
    """Return news of a job that comes forward."""
    data = {"attempt": 1, "fraction": job_id % 100 / 100, "message": "on it"}
    return _news(job_id, uid, EventType.PROGRESS, data)


def steps_of(run_id: int, uid: UUID, *, count: int) -> Sequence[News]:
    """Return news of all steps of a run, each first running, then completed."""
    return [
        _news(run_id, uid, EventType.TASK, {"task": f"t{place}", "status": status, "reason": None})
        | {"subject": EventSubject.RUN}
        for status in ("running", "completed")
        for place in range(count)
    ]


async def told(publisher: EventPublisher, news: Sequence[News], *, per_s: int, until: asyncio.Event) -> None:
    """Tell news in an even rhythm, over and over."""
    began = time.monotonic()
    for count, each in enumerate(itertools.cycle(news), 1):
        if until.is_set():
            return
        await publisher.publish([StreamEntry(at=datetime.now(UTC), **each)])
        await asyncio.sleep(max(0.0, began + count / per_s - time.monotonic()))


def _news(job_id: int, uid: UUID, type_: EventType, data: dict[str, Any]) -> News:
    return {"job_id": job_id, "uid": uid, "owner_id": 1, "type": type_, "data": json.dumps(data)}
