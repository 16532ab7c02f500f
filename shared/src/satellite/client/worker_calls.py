"""What the client does with workers."""

from __future__ import annotations

from satellite.client.calls import Call, Flow, ask
from satellite.client.connection import Connection
from satellite.client.models import Page, Worker


class WorkerCalls(Connection):
    """The part of the clients about workers."""

    @Call
    def list_workers(self) -> Flow[Page[Worker]]:
        """List the live workers."""
        return ask(Page[Worker], "GET", "/workers")
