"""Frames: events as clients see them, serialised once for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from operation_server.live.cursor import STREAM_START, Cursor, StreamId
from operation_server.live.prepared_frames import prepare
from satellite.contracts.event import EventSubject, EventType
from satellite.contracts.identity import JobKey, uid_by_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One event; only the cursor differs between clients."""

    stream_id: StreamId
    event_id: int
    """Id of the durable event, 0 when live only."""
    job: JobKey
    owner_id: int
    type: str
    tail: str
    """The JSON text after the cursor."""
    _prepared: dict[int, bytes] = field(default_factory=dict, compare=False, repr=False)
    """WebSocket frames by the newest durable event shown: nearly all clients stand at the same one."""

    @classmethod
    def build(
        cls,
        *,
        job: JobKey,
        owner_id: int,
        type_: str,
        data: str,
        at: str,
        event_id: int = 0,
        stream_id: StreamId = STREAM_START,
        subject: str = EventSubject.JOB,
    ) -> Frame:
        """Return the frame of an event whose data is JSON text, on one line."""
        if "\n" in data or "\r" in data:
            # A plugin may write its result on many lines. A break in JSON is blank space: inside a string it
            # would be written as \\n.
            data = data.replace("\n", " ").replace("\r", " ")
        rest = {"job_id": job.job_id, "type": type_, "data": orjson.Fragment(data), "at": at}
        if subject != EventSubject.JOB:
            rest["subject"] = subject
        return cls(
            stream_id=stream_id,
            event_id=event_id,
            job=job,
            owner_id=owner_id,
            type=type_,
            tail=orjson.dumps(rest)[1:].decode(),
        )

    @classmethod
    def from_entry(cls, stream_id: StreamId, fields: Mapping[Any, Any]) -> Frame:
        """Return the frame of a stream entry.

        Raises:
            ValueError, KeyError: it is not an entry that Satellite wrote.
        """
        entry = {_text(key): _text(value) for key, value in fields.items()}
        job_id = int(entry["job_id"])
        # An entry of a release without uids is about a job that had none.
        uid = UUID(entry["uid"]) if "uid" in entry else uid_by_number(job_id)
        return cls.build(
            stream_id=stream_id,
            event_id=int(entry["event_id"]),
            job=JobKey(job_id, uid),
            owner_id=int(entry["owner_id"]),
            type_=entry["type"],
            data=entry["data"],
            at=entry["at"],
            subject=entry.get("subject", EventSubject.JOB),
        )

    @property
    def ends_story(self) -> bool:
        """Tell whether the job has ended with this event."""
        return self.type == EventType.RESULT

    @property
    def is_private(self) -> bool:
        """Tell whether it is for its owner alone, also where others see the job that it is about."""
        return self.type == EventType.NOTIFICATION

    def text(self, event_id: int) -> str:
        """Return the JSON text for a client that has seen durable events up to `event_id` after it."""
        return f'{{"cursor":"{Cursor(self.stream_id, event_id)}",{self.tail}'

    def prepared(self, event_id: int) -> bytes:
        """Return the text as a WebSocket frame."""
        known = self._prepared.get(event_id)
        if known is None:
            known = self._prepared[event_id] = prepare(self.text(event_id))
        return known


def _text(raw: Any) -> str:
    return raw.decode() if isinstance(raw, bytes) else str(raw)
