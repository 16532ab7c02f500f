"""All servers of one runtime: started on first use, reused, and ended when the ledger needs their room."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import structlog

from analysis_server.runtimes.port import RunListener, RunRequest, RunResult
from analysis_server.runtimes.residents import LoadedServer, ResidentKey
from analysis_server.runtimes.run.control import RunControl, StopReason
from analysis_server.runtimes.serving.connection import ServerOpener
from analysis_server.runtimes.serving.drivers import Driver, OwnThread
from analysis_server.runtimes.serving.exchange import Exchange
from analysis_server.runtimes.serving.faults import Fault, told_to_all
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.serving.replica_set import ReplicaSet
from analysis_server.runtimes.serving.request_writer import RequestWriter
from analysis_server.runtimes.serving.run import ServerRun
from analysis_server.runtimes.serving.server import PluginServer
from analysis_server.runtimes.serving.server_thread import ServerThread
from satellite.contracts.outcome import ErrorKind, JobError

CLOSE_TIMEOUT_S = 15.0
STOPPED_WAIT_S = 1.0
ENDED_FOR_ANOTHER = JobError(kind=ErrorKind.LOST, message="The server was ended because of another job.")

logger = structlog.get_logger(__name__)


class ServerFleet:
    """Runs jobs of server plugins; any number of them may wait. It alone holds the lock of serving."""

    def __init__(
        self, opener: ServerOpener, limits: ServerLimits | None = None, *, driver: Driver | None = None
    ) -> None:
        """Start nothing yet; `driver` listens to servers, by default the thread of each."""
        self._opener = opener
        self._driver = driver or OwnThread()
        self._limits = limits or ServerLimits()
        # Never held while anything blocks: writes to servers do not, and listeners are told without it.
        self._lock = threading.RLock()
        self._fewer = threading.Condition(self._lock)
        self._sets: dict[str, ReplicaSet] = {}
        self._threads: dict[PluginServer, ServerThread] = {}
        self._closed = False

    def run(self, request: RunRequest, listener: RunListener, control: RunControl) -> RunResult:
        """Run one job in a server of its plugin, in the calling thread as far as waiting goes."""
        run = self.begin(ServerRun(request, listener=listener, control=control))
        try:
            while (result := run.wait(_patience_s(run))) is None:
                self.attend(run)
        finally:
            control.disarm()
        return result

    def begin(self, run: ServerRun) -> ServerRun:
        """Let a job wait for a server of its plugin, and return it; never blocks.

        Whoever does not wait for its result in a thread calls `attend` now and then until it is there.
        """
        if run.control.reason is not None or self._closed:
            run.stop()
            return run
        self._admit(run)
        run.control.arm(functools.partial(self._abandon, run))
        return run

    def loaded(self) -> list[str]:
        """Return `name version` of the servers that are ready, least recently used first."""
        with self._lock:
            ready = [server for server in self._servers() if server.ready_at is not None and not server.going]
            ready.sort(key=lambda server: server.used_at)
            return [f"{each.template.manifest.name} {each.template.manifest.version}" for each in ready]

    def residents(self) -> list[LoadedServer]:
        """Return all servers of which anything is there, also those that start or end."""
        with self._lock:
            return [server.describe() for server in self._servers()]

    def evict(self, keys: Sequence[ResidentKey], *, timeout_s: float) -> list[ResidentKey]:
        """End these servers, busy ones after their request; return those of which nothing is left."""
        with self._lock:
            for server in self._servers():
                if server.template.resident_key in keys:
                    server.retire()
            self._fewer.wait_for(lambda: not self._left_of(keys), timeout_s)
            left = self._left_of(keys)
            return [key for key in keys if key not in left]

    def close(self) -> None:
        """End all servers."""
        with self._lock:
            self._closed = True
            threads = list(self._threads.values())
            for server in self._servers():
                server.stop()
        for thread in threads:
            thread.join(CLOSE_TIMEOUT_S)

    def server_opened(self, server: PluginServer, writer: RequestWriter) -> None:
        """Note that a server is started, and how requests are written to it."""
        with self._lock:
            server.writer = writer

    def server_ready(self, server: PluginServer, *, marks: bool, begin_marks: bool) -> None:
        """Note that a server is ready, and hand it a request."""
        with self._lock:
            server.become_ready(marks=marks, begin_marks=begin_marks)
            self._go_on(server)

    def server_answered(self, server: PluginServer) -> Exchange:
        """Return the exchange that a server has answered, after handing it the next request."""
        with self._lock:
            finished = server.end_exchange()
            self._set_of(server).note_success_on(server.template.gpu_ids)
            self._go_on(server)
            return finished

    def write_more(self, server: PluginServer) -> bool:
        """Write what is left of a request as far as there is room; tell whether some is left still."""
        with self._lock:
            return server.writer is not None and server.writer.write_some()

    def stop_server(self, server: PluginServer) -> None:
        """End a server now."""
        with self._lock:
            server.stop()

    def retire_unused(self, server: PluginServer) -> None:
        """End a server if it has been idle for too long."""
        with self._lock:
            if server.idle and server.unused_for_good_in(time.monotonic()) <= 0:
                server.retire()

    def server_closing(self, server: PluginServer) -> None:
        """Note that a server takes nothing more, because its streams have ended."""
        with self._lock:
            server.gone = True

    def server_closed(self, server: PluginServer) -> None:
        """Note that nothing can be written to a server any more."""
        with self._lock:
            writer, server.writer = server.writer, None
            if writer is not None:
                writer.close()

    def server_ended(self, server: PluginServer, fault: Fault | None) -> None:
        """Fail the jobs inside, and all that waited for a start that failed; go on with the rest.

        When it was ended because of one of the jobs inside, the others are run again, once.
        """
        with self._lock:
            failed = list(server.exchange.runs)
            replicas = self._set_of(server)
            replicas.servers.remove(server)
            del self._threads[server]
            self._fewer.notify_all()
            if fault is not None:
                replicas.backoff_on(server.template.gpu_ids).note_failure(self._limits)
                if server.ready_at is None and replicas.has_staying:
                    logger.warning("replica not started", plugin=server.template.manifest.name)
                elif server.ready_at is None:
                    failed += replicas.queue
                    replicas.queue.clear()
            elif not self._closed:
                again = [run for run in failed if run.repeat()]
                failed = [run for run in failed if run not in again]
                replicas.queue.extendleft(reversed(again))
            if replicas.queue and not replicas.has_staying:
                self._start(replicas, replicas.queue[0].request)
            replicas.advance()
            self._forget_sets()
        fault = fault or told_to_all(ENDED_FOR_ANOTHER)
        for run in failed:
            run.fail(fault(run))

    def _servers(self) -> Iterator[PluginServer]:
        return (server for replicas in self._sets.values() for server in replicas.servers)

    def _set_of(self, server: PluginServer) -> ReplicaSet:
        return self._sets[server.template.resident]

    def _left_of(self, keys: Sequence[ResidentKey]) -> set[ResidentKey]:
        return {server.template.resident_key for server in self._servers()} & set(keys)

    def _admit(self, run: ServerRun) -> None:
        request = run.request
        with self._lock:
            replicas = self._sets.get(request.resident)
            if replicas is None:
                replicas = self._sets[request.resident] = ReplicaSet(request)
            replicas.queue.append(run)
            if replicas.server_on(request.gpu_ids) is None:
                self._start(replicas, request)
            replicas.advance()

    def _go_on(self, server: PluginServer) -> None:
        if server.retiring:
            server.stop()
        elif not server.stopping.is_set() and (runs := self._set_of(server).take_runs()):
            server.hand_over(runs)

    def _start(self, replicas: ReplicaSet, request: RunRequest) -> None:
        if self._closed:
            return
        template = replace(replicas.template_for(request.gpu_ids), asked_by=request.key)
        server = PluginServer(template, limits=self._limits, started_for=request.owner_id)
        replicas.servers.append(server)
        thread = self._threads[server] = ServerThread(
            server, opener=self._opener, keeper=self, driver=self._driver
        )
        thread.start(not_before=replicas.backoff_on(request.gpu_ids).not_before)

    def _forget_sets(self) -> None:
        for resident in [each for each, replicas in self._sets.items() if replicas.is_forgettable]:
            del self._sets[resident]

    def attend(self, run: ServerRun) -> None:
        """Do what is due: send a batch that is not full, or end a job that overran."""
        with self._lock:
            replicas = self._sets.get(run.request.resident)
            if run.handed_at is None and replicas is not None and run.control.reason is None:
                replicas.advance()
                return
        if time.monotonic() >= run.deadline:
            run.control.stop(StopReason.TIMEOUT)

    def _abandon(self, run: ServerRun) -> None:
        """End a job early.

        In a batch the others go on if it was cancelled: only its answer is dropped. If it overran, it may
        hold them up for ever, so the server is ended.
        """
        with self._lock:
            replicas = self._sets.get(run.request.resident)
            server = replicas.server_with(run) if replicas else None
            if server is not None:
                others = [
                    other for other in server.exchange.runs if other.control.reason is None and not other.done
                ]
                if run.control.reason is StopReason.TIMEOUT or not others:
                    # It gets its result when the server is gone.
                    server.stop()
                    return
            elif replicas is not None and run in replicas.queue:
                replicas.queue.remove(run)
            elif run.handed_at is not None:
                # Its answer has just come.
                return
        run.stop()


def _patience_s(run: ServerRun) -> float:
    """Return how long a job may wait before something is to be done about it."""
    now = time.monotonic()
    if run.control.reason is not None:
        return STOPPED_WAIT_S
    if run.handed_at is None and run.due_at > now:
        return run.due_at - now
    return max(0.0, run.deadline - now)
