"""The port of whoever follows durable events: workflows, webhooks, a topic of Kafka."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from operation_server.database.connections import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class DurableEvent:
    """An event as it is stored; `data` is JSON text."""

    id: int
    subject: str
    """What it is about: a `job`, or the `run` of a workflow."""
    job_id: int
    """The number of the job or run; both are numbered by one sequence."""
    owner_id: int
    type: str
    data: str
    at: datetime


class EventHandler(Protocol):
    """Takes events in the order of their ids, each once."""

    @property
    def name(self) -> str:
        """Return what its mark is kept under; another name begins with the first event."""

    async def handle(self, connection: AsyncConnection, events: Sequence[DurableEvent]) -> None:
        """Take some events, in the transaction that moves the mark past them.

        What is done with the connection happens exactly once. What is done elsewhere may happen again, if
        the transaction fails after it; the ids of events tell.

        Raises:
            Exception: none of them counts as taken. All are offered again one by one, and the one that
                fails alone is set aside.
        """
