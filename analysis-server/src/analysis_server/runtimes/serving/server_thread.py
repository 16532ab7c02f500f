"""The thread of one server, which starts it, listens to it and ends it."""

from __future__ import annotations

import threading
import time
from typing import Protocol

import structlog

from analysis_server.runtimes.run.verdict import Ending
from analysis_server.runtimes.serving.connection import ServerOpener
from analysis_server.runtimes.serving.drivers import Driver
from analysis_server.runtimes.serving.exchange import Exchange
from analysis_server.runtimes.serving.faults import (
    Fault,
    crashed_at_start,
    crashed_at_work,
    never_ready,
    told_to_all,
)
from analysis_server.runtimes.serving.line_splitter import LineSplitter
from analysis_server.runtimes.serving.listening import MARK_WAIT_S, Listening
from analysis_server.runtimes.serving.request_writer import RequestWriter
from analysis_server.runtimes.serving.server import PluginServer
from analysis_server.runtimes.serving.wire import is_ready_line
from satellite.contracts.outcome import ErrorKind, JobError

logger = structlog.get_logger(__name__)

NOISE_BYTES_MAX = 64 * 1024


class ServerKeeper(Protocol):
    """Who changes what is known of servers, one at a time: the fleet, which alone has the lock."""

    def server_opened(self, server: PluginServer, writer: RequestWriter) -> None:
        """Note that a server is started, and how requests are written to it."""

    def server_ready(self, server: PluginServer, *, marks: bool, begin_marks: bool) -> None:
        """Note that a server is ready, and hand it a request."""

    def server_answered(self, server: PluginServer) -> Exchange:
        """Return the exchange that a server has answered, after handing it the next request."""

    def write_more(self, server: PluginServer) -> bool:
        """Write what is left of a request as far as there is room; tell whether some is left still."""

    def stop_server(self, server: PluginServer) -> None:
        """End a server now."""

    def retire_unused(self, server: PluginServer) -> None:
        """End a server if it has been idle for too long."""

    def server_closing(self, server: PluginServer) -> None:
        """Note that a server takes nothing more, because its streams have ended."""

    def server_closed(self, server: PluginServer) -> None:
        """Note that nothing can be written to a server any more."""

    def server_ended(self, server: PluginServer, fault: Fault | None) -> None:
        """Take note that nothing of a server is left; `fault` is None when that was planned."""


class ServerThread:
    """Listens to a server from its start to its end."""

    def __init__(
        self, server: PluginServer, *, opener: ServerOpener, keeper: ServerKeeper, driver: Driver
    ) -> None:
        """Start nothing yet."""
        self._server = server
        self._opener = opener
        self._keeper = keeper
        self._driver = driver
        self._fault: Fault | None = None
        self._splitter = LineSplitter()
        self._lines: list[bytes] = []
        self._noise = b""
        self._not_before = 0.0
        name = f"server-{server.template.manifest.name}"
        self._thread = threading.Thread(target=self._live, name=name, daemon=True)

    def start(self, *, not_before: float) -> None:
        """Begin to start the server, at the earliest at `not_before`."""
        self._not_before = not_before
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for the server's end."""
        self._thread.join(timeout_s)

    def _live(self) -> None:
        fault: Fault | None
        try:
            fault = self._run()
        except Exception as error:
            logger.exception("server failed", plugin=self._server.template.manifest.name)
            told = f"Serving the plugin failed: {error}"
            fault = told_to_all(JobError(kind=ErrorKind.INTERNAL, message=told))
        self._keeper.server_ended(self._server, fault)

    def _run(self) -> Fault | None:
        server, template = self._server, self._server.template
        if server.stopping.wait(max(0.0, self._not_before - time.monotonic())):
            return None
        try:
            connection = self._opener.open_connection(
                template, stdout=self._take_stdout, stderr=server.router.write
            )
        except Exception as error:  # noqa: BLE001 - the runtime knows what each of them means
            return told_to_all(self._opener.explain(error, template.manifest))
        try:
            writer = RequestWriter(connection.stdin())
            self._keeper.server_opened(server, writer)
            listening = Listening(server, connection, writer, self)
            try:
                listening.begin()
                self._driver.drive(listening)
            finally:
                listening.end()
        finally:
            self._keeper.server_closing(server)
            ending = connection.finish()
            self._keeper.server_closed(server)
        server.router.flush()
        if self._fault is None:
            # It may have ended between an answer and the last of its log.
            server.exchange.give_results()
        return self._name_end(ending)

    def _name_end(self, ending: Ending) -> Fault | None:
        server = self._server
        if self._fault is not None:
            return self._fault
        if server.stopping.is_set():
            return None
        if server.ready_at is not None:
            return crashed_at_work(server.template, ending, withheld=server.router.withheld)
        return crashed_at_start(
            server.template, ending, tail=server.router.startup_tail(), started_for=server.started_for
        )

    def _take_stdout(self, data: bytes) -> None:
        self._lines += self._splitter.feed(data)

    def take_lines(self) -> None:
        """Work on what has come in on stdout."""
        server = self._server
        lines, self._lines = self._lines, []
        for line in lines:
            if self._fault is not None:
                return
            if not line.strip():
                continue
            if server.ready_at is None:
                self._take_first(line)
            else:
                self._break_off_if(server.exchange.take(line))
        if server.ready_at is not None or len(self._splitter.unfinished) > NOISE_BYTES_MAX:
            self._break_off_if(server.exchange.check_unfinished(self._splitter.unfinished))
        if self._fault is not None:
            return
        if server.exchange.answered_at is not None and self._all_told():
            self._conclude()
        elif not server.marks and not server.exchange.is_mixed:
            # Those of a batch that are answered need not wait for the others.
            server.exchange.give_results()

    def _break_off_if(self, error: JobError | None) -> None:
        if error is not None:
            self.break_off(told_to_all(error))

    def break_off(self, fault: Fault) -> None:
        """End the server because of a fault."""
        if self._fault is None and not self._server.stopping.is_set():
            # What was answered before holds.
            self._server.exchange.give_results()
            self._fault = fault
            self._keeper.stop_server(self._server)

    def give_up_start(self) -> None:
        """End a server that does not become ready."""
        server = self._server
        noise = self._noise or bytes(self._splitter.unfinished)
        self.break_off(
            never_ready(server.limits.ready_timeout_s, noise=noise, started_for=server.started_for)
        )

    def retire_unused(self) -> None:
        """End the server if it has been idle for too long."""
        self._keeper.retire_unused(self._server)

    def write_more(self) -> bool:
        """Write what is left of a request; tell whether some is left still."""
        return self._keeper.write_more(self._server)

    def _take_first(self, line: bytes) -> None:
        message = is_ready_line(line)
        if message is None:
            self._noise = self._noise or line
            self._server.router.write(line + b"\n")
            return
        self._keeper.server_ready(
            self._server,
            marks=message.get("log_marks") is True,
            begin_marks=message.get("begin_marks") is True,
        )

    def _all_told(self) -> bool:
        """Tell whether the log lines of the jobs inside have come as well, which take another way."""
        server = self._server
        patience_over = time.monotonic() - (server.exchange.answered_at or 0) > MARK_WAIT_S
        return not server.marks or server.router.ended or patience_over

    def _conclude(self) -> None:
        self._server.router.flush()
        # First the next request, then the results: the plugin must not wait for us.
        self._keeper.server_answered(self._server).give_results()
