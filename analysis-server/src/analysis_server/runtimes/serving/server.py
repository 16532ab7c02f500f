"""One server: started, asked, listened to and ended by a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Protocol

import structlog

from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.run.verdict import Ending
from analysis_server.runtimes.serving.call import Call
from analysis_server.runtimes.serving.exchange import IDLE, Exchange
from analysis_server.runtimes.serving.faults import (
    Fault,
    crashed_at_start,
    crashed_at_work,
    never_ready,
    told_to_all,
)
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.serving.line_splitter import LineSplitter
from analysis_server.runtimes.serving.link import LinkOpener
from analysis_server.runtimes.serving.listening import Listening
from analysis_server.runtimes.serving.outbox import Outbox
from analysis_server.runtimes.serving.stderr_router import StderrRouter
from analysis_server.runtimes.serving.wire import is_ready_line, request_line
from analysis_server.runtimes.standing import LoadedServer
from satellite.contracts.outcome import ErrorKind, JobError

logger = structlog.get_logger(__name__)

NOISE_BYTES_MAX = 64 * 1024


class Owner(Protocol):
    """Who gives a server its jobs. Called by the server's thread."""

    def next_calls(self, server: PluginServer) -> Sequence[Call]:
        """Return the jobs for the next request; called with the lock held."""

    def look_around(self) -> None:
        """Do what has become possible now that a server is ready or free; called with the lock held."""

    def server_ended(self, server: PluginServer, fault: Fault | None) -> None:
        """Take note that a server is gone; `fault` is None when that was planned."""


class PluginServer:
    """A server from its start to its end. One request at a time, so a fault is always of the jobs inside."""

    def __init__(
        self,
        template: RunRequest,
        *,
        opener: LinkOpener,
        owner: Owner,
        lock: threading.RLock,
        limits: ServerLimits,
        started_for: int,
    ) -> None:
        """Take the template of the requests that made it necessary, and the owner of the first of them."""
        self.template = template
        self._started_for = started_for
        self._opener = opener
        self._owner = owner
        self.lock = lock
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
        self.fault: Fault | None = None
        self.marks = False
        self._splitter = LineSplitter()
        self._lines: list[bytes] = []
        self._noise = b""
        self._outbox: Outbox | None = None
        name = f"server-{template.manifest.name}"
        self._thread = threading.Thread(target=self._live, name=name, daemon=True)

    def start(self, *, not_before: float) -> None:
        """Begin to start it, at the earliest at `not_before`."""
        self._not_before = not_before
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for its end."""
        self._thread.join(timeout_s)

    @property
    def idle(self) -> bool:
        """Tell whether it can take a request now; asked with the lock held."""
        return self.ready_at is not None and not self.exchange.calls and not self.going

    @property
    def going(self) -> bool:
        """Tell whether it takes no more requests."""
        return self.retiring or self.gone or self.stopping.is_set()

    def hand_over(self, calls: Sequence[Call]) -> None:
        """Send a request; called with the lock held, of an idle server."""
        assert self._outbox is not None  # noqa: S101 - it is ready
        assert self.ready_at is not None  # noqa: S101
        self.router.begin(calls)
        self.exchange = Exchange(calls, quotes=self.router.serves_one_owner)
        for call in calls:
            call.hand_over(ready_at=self.ready_at)
        self._outbox.send(request_line(calls))

    def describe(self) -> LoadedServer:
        """Tell what it is; called with the lock held."""
        manifest = self.template.manifest
        return LoadedServer(
            place=self.template.place,
            name=manifest.name,
            version=manifest.version,
            busy=bool(self.exchange.calls),
            memory_mib=manifest.resources.memory_mib,
            gpu_memory_mib=manifest.resources.gpu_memory_mib,
        )

    def retire(self) -> None:
        """End it as soon as nothing is inside; called with the lock held."""
        self.retiring = True
        if not self.exchange.calls:
            self.stop()

    def unused_for_good_in(self, now: float) -> float:
        """Return in how many seconds it will have been idle for too long."""
        return self.used_at + self.limits.idle_ttl_s - now

    def stop_when_unused(self, now: float) -> None:
        """Retire it if it has been idle for too long."""
        with self.lock:
            if self.idle and self.unused_for_good_in(now) <= 0:
                self.retire()

    def stop(self) -> None:
        """End it now."""
        self.stopping.set()
        with self.lock:
            if self._outbox is not None:
                self._outbox.wake()

    def _live(self) -> None:
        fault: Fault | None
        try:
            fault = self._run()
        except Exception as error:
            logger.exception("server failed", plugin=self.template.manifest.name)
            told = f"Serving the plugin failed: {error}"
            fault = told_to_all(JobError(kind=ErrorKind.INTERNAL, message=told))
        self._owner.server_ended(self, fault)

    def _run(self) -> Fault | None:
        if self.stopping.wait(max(0.0, self._not_before - time.monotonic())):
            return None
        try:
            link = self._opener.open_link(self.template, stdout=self._take_stdout, stderr=self.router.write)
        except Exception as error:  # noqa: BLE001 - the runtime knows what each of them means
            return told_to_all(self._opener.explain(error, self.template.manifest))
        try:
            outbox = Outbox(link.stdin())
            with self.lock:
                self._outbox = outbox
            Listening(self, link, outbox).go_on()
        finally:
            with self.lock:
                self.gone = True
            ending = link.finish()
            with self.lock:
                self._outbox = None
                outbox.close()
        self.router.flush()
        if self.fault is None:
            # It may have ended between an answer and the last of its log.
            self.exchange.give_results()
        return self._name_end(ending)

    def _name_end(self, ending: Ending) -> Fault | None:
        if self.fault is not None:
            return self.fault
        if self.stopping.is_set():
            return None
        if self.ready_at is not None:
            return crashed_at_work(self.template, ending, withheld=self.router.withheld)
        return crashed_at_start(
            self.template, ending, tail=self.router.startup_tail(), started_for=self._started_for
        )

    def _take_stdout(self, data: bytes) -> None:
        self._lines += self._splitter.feed(data)

    def take_lines(self) -> None:
        """Work on what has come in on stdout."""
        lines, self._lines = self._lines, []
        for line in lines:
            if self.fault is not None:
                return
            if not line.strip():
                continue
            if self.ready_at is None:
                self._take_first(line)
            else:
                self._break_off_if(self.exchange.take(line))
        if self.ready_at is not None or len(self._splitter.unfinished) > NOISE_BYTES_MAX:
            self._break_off_if(self.exchange.check_unfinished(self._splitter.unfinished))
        if self.fault is not None:
            return
        if self.exchange.answered_at is not None and self._all_told():
            self._conclude()
        elif not self.marks and not self.exchange.is_mixed:
            # Those of a batch that are answered need not wait for the others.
            self.exchange.give_results()

    def _break_off_if(self, error: JobError | None) -> None:
        if error is not None:
            self.break_off(told_to_all(error))

    def break_off(self, fault: Fault) -> None:
        """End the server because of a fault."""
        if self.fault is None and not self.stopping.is_set():
            # What was answered before holds.
            self.exchange.give_results()
            self.fault = fault
            self.stop()

    def give_up_start(self) -> None:
        """End a server that does not become ready."""
        noise = self._noise or bytes(self._splitter.unfinished)
        self.break_off(never_ready(self.limits.ready_timeout_s, noise=noise, started_for=self._started_for))

    def _take_first(self, line: bytes) -> None:
        message = is_ready_line(line)
        if message is None:
            self._noise = self._noise or line
            self.router.write(line + b"\n")
            return
        with self.lock:
            self.marks = message.get("log_marks") is True
            self.router.begin_marks = message.get("begin_marks") is True
            self.ready_at = self.used_at = time.monotonic()
            self._go_on()

    def _all_told(self) -> bool:
        """Tell whether the log lines of the jobs inside have come as well, which take another way."""
        patience_over = time.monotonic() - (self.exchange.answered_at or 0) > Listening.MARK_WAIT_S
        return not self.marks or self.router.ended or patience_over

    def _conclude(self) -> None:
        self.router.flush()
        with self.lock:
            finished, self.exchange = self.exchange, IDLE
            self.router.begin(())
            self.used_at = time.monotonic()
            self.exchanges += 1
            # First the next request, then the results: the plugin must not wait for us.
            self._go_on()
        finished.give_results()

    def _go_on(self) -> None:
        if self.retiring:
            self.stop()
        elif not self.stopping.is_set():
            calls = self._owner.next_calls(self)
            if calls:
                self.hand_over(calls)
            self._owner.look_around()
