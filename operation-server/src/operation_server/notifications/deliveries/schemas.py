"""Answers about deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field

from operation_server.database.rows import AnyRow
from satellite.contracts.notification import DeliveryStatus

ANSWER: Final[dict[str, Any]] = {
    "at": "2026-01-02T03:04:06Z",
    "attempt": 1,
    "fate": "delivered",
    "status": 204,
    "ms": 12,
    "said": "",
}
DELIVERY: Final[dict[str, Any]] = {
    "id": 9,
    "message_id": "msg_3f2a9c0d5b6e4f7a8c1d2e3f4a5b6c7d",
    "owner_id": 1,
    "kind": "job_failed",
    "channel_id": 7,
    "subject": "job",
    "subject_id": 42,
    "status": "delivered",
    "attempts": 1,
    "created_at": "2026-01-02T03:04:05Z",
    "due_at": None,
    "ended_at": "2026-01-02T03:04:06Z",
    "answers": [ANSWER],
}


class AnswerRead(BaseModel):
    """What a receiver said to one attempt."""

    at: datetime
    attempt: int
    fate: str = Field(description="delivered, retry, refused or gone.")
    status: int | None = Field(description="What it answered, in its protocol; null without an answer.")
    ms: int
    said: str = Field(description="The first 1,024 bytes, or why there was no answer.")


class DeliveryRead(BaseModel):
    """A message to one receiver."""

    model_config = ConfigDict(json_schema_extra={"examples": [DELIVERY]})

    id: int
    message_id: str = Field(description="The header `webhook-id`: the same however often it is sent.")
    owner_id: int
    kind: str
    channel_id: int | None = Field(description="Null: it is for the webhook of the job.")
    subject: str
    subject_id: int = Field(description="The number of the job or run, 0 where it is about neither.")
    status: DeliveryStatus
    attempts: int
    created_at: datetime
    due_at: datetime | None = Field(description="When it is sent again at the earliest.")
    ended_at: datetime | None
    answers: list[AnswerRead] = Field(description="The last five.")

    @classmethod
    def of(cls, row: AnyRow) -> Self:
        """Return the delivery of a row."""
        fields = {name: getattr(row, name) for name in cls.model_fields if hasattr(row, name)}
        return cls(**fields | {"due_at": row.due_at if row.status == DeliveryStatus.PENDING else None})


class DeliveryDetail(DeliveryRead):
    """A message to one receiver with what it says."""

    model_config = ConfigDict(json_schema_extra={"examples": [DELIVERY | {"body": {"type": "job_failed"}}]})

    body: dict[str, Any]

    @classmethod
    def of(cls, row: AnyRow) -> Self:
        """Return the delivery of a row with its body."""
        shown = DeliveryRead.of(row).model_dump()
        return cls(**shown, body=orjson.loads(row.body))


class DeliveryList(BaseModel):
    """A page of deliveries, newest first; `next_cursor` leads to those before."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [DELIVERY], "next_cursor": None}]})

    items: list[DeliveryRead]
    next_cursor: str | None
