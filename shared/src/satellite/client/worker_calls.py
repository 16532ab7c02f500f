"""What the client does with workers."""

from __future__ import annotations

from satellite.client.calls import Call, Flow, ask
from satellite.client.connection import Connection
from satellite.client.models import WorkerDrain, WorkerPage


class WorkerCalls(Connection):
    """The part of the clients about workers."""

    @Call
    def list_workers(self) -> Flow[WorkerPage]:
        """List the live workers, and the names of all that are drained."""
        return ask(WorkerPage, "GET", "/workers")

    @Call
    def drain_worker(self, name: str) -> Flow[WorkerDrain]:
        """Let a worker take no further jobs; those that it runs go on. For admins only."""
        return ask(WorkerDrain, "POST", f"/workers/{name}/drain")

    @Call
    def resume_worker(self, name: str) -> Flow[WorkerDrain]:
        """Let a worker take jobs again, at once or when it is back. For admins only."""
        return ask(WorkerDrain, "POST", f"/workers/{name}/resume")
