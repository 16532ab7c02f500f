"""One server as the fleet knows it: whether it can take a request, and what is inside."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.residents import LoadedServer
from analysis_server.runtimes.serving.exchange import IDLE, Exchange
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.serving.request_writer import RequestWriter
from analysis_server.runtimes.serving.run import ServerRun
from analysis_server.runtimes.serving.stderr_router import StderrRouter
from analysis_server.runtimes.serving.wire import request_line


class PluginServer:
    """A server from its start to its end. One request at a time, so a fault is always of the jobs inside.

    Its thread reads what is here; what changes is changed under the lock of the fleet.
    """

    def __init__(self, template: RunRequest, *, limits: ServerLimits, started_for: int) -> None:
        """Take the template of the requests that made it necessary, and the owner of the first of them."""
        self.template = template
        self.started_for = started_for
        self.limits = limits
        self.exchange = IDLE
        self.router = StderrRouter(plugin=template.manifest.name, started_for=started_for)
        self.ready_at: float | None = None
        self.used_at = time.monotonic()
        self.exchanges = 0
        """How many requests it has answered."""
        self.retiring = False
        self.gone = False
        self.stopping = threading.Event()
        self.marks = False
        self.writer: RequestWriter | None = None

    @property
    def idle(self) -> bool:
        """Tell whether it can take a request now."""
        return self.ready_at is not None and not self.exchange.runs and not self.going

    @property
    def going(self) -> bool:
        """Tell whether it takes no more requests."""
        return self.retiring or self.gone or self.stopping.is_set()

    def become_ready(self, *, marks: bool, begin_marks: bool) -> None:
        """Note that it said it is ready, and which marks it makes on stderr."""
        self.marks = marks
        self.router.begin_marks = begin_marks
        self.ready_at = self.used_at = time.monotonic()

    def hand_over(self, runs: Sequence[ServerRun]) -> None:
        """Send a request to a server that is idle."""
        assert self.writer is not None  # noqa: S101 - it is ready
        assert self.ready_at is not None  # noqa: S101
        self.router.begin(runs)
        self.exchange = Exchange(runs, quotes=self.router.serves_one_owner)
        for run in runs:
            run.hand_over(ready_at=self.ready_at)
        self.writer.send(request_line(runs))

    def end_exchange(self) -> Exchange:
        """Return the exchange that is answered, and be idle."""
        finished, self.exchange = self.exchange, IDLE
        self.router.begin(())
        self.used_at = time.monotonic()
        self.exchanges += 1
        return finished

    def describe(self) -> LoadedServer:
        """Tell what it is."""
        manifest, model = self.template.manifest, self.template.model
        return LoadedServer(
            key=self.template.resident_key,
            name=manifest.name,
            version=manifest.version,
            busy=bool(self.exchange.runs),
            memory_mib=manifest.resources.memory_mib,
            gpu_memory_mib=manifest.resources.gpu_memory_mib,
            model=None if model is None else model.label,
        )

    def unused_for_good_in(self, now: float) -> float:
        """Return in how many seconds it will have been idle for too long."""
        return self.used_at + self.limits.idle_ttl_s - now

    def retire(self) -> None:
        """End it as soon as nothing is inside."""
        self.retiring = True
        if not self.exchange.runs:
            self.stop()

    def stop(self) -> None:
        """End it now."""
        self.stopping.set()
        if self.writer is not None:
            self.writer.wake()
