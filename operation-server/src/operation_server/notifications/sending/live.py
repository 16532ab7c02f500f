"""Tells on the streams that a user has open."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import orjson

from operation_server.live.event_publisher import EventPublisher
from operation_server.notifications.sending.message import Claimed
from operation_server.notifications.sending.outcome import Fate, Outcome, failed
from operation_server.notifications.wording import title_of
from satellite.contracts.event import EventSubject, EventType, StreamEntry

NOBODYS = UUID(int=0)


async def tell_live(events: EventPublisher, claimed: Claimed, uid: UUID | None) -> Outcome:
    """Add a notification to the stream of events, and return what came of that.

    Who is not connected then does not see it; whoever sees one twice knows it by its id.
    """
    message = claimed.message
    is_of_job = uid is not None
    data = {
        "id": claimed.message_id,
        "type": message.type,
        "timestamp": message.timestamp,
        "title": title_of(message.type, message.data),
        "data": message.data,
    }
    entry = StreamEntry(
        subject=EventSubject(claimed.subject) if is_of_job else EventSubject.PLATFORM,
        job_id=claimed.subject_id if is_of_job else 0,
        uid=uid or NOBODYS,
        owner_id=claimed.owner_id,
        type=EventType.NOTIFICATION,
        data=orjson.dumps(data).decode(),
        at=datetime.now(UTC),
    )
    return Outcome(fate=Fate.DELIVERED) if await events.publish([entry]) else failed("Redis does not answer.")
