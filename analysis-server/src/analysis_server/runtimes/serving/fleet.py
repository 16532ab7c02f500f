"""All servers of one runtime: started on first use, reused, and ended when room is needed."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Sequence

from analysis_server.runtimes.port import RunListener, RunRequest, RunResult, RunStatus
from analysis_server.runtimes.run.control import RunControl, StopReason
from analysis_server.runtimes.serving.call import Call
from analysis_server.runtimes.serving.desk import Desk
from analysis_server.runtimes.serving.faults import Fault, told_to_all
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.serving.link import LinkOpener
from analysis_server.runtimes.serving.room import choose_victims, has_room
from analysis_server.runtimes.serving.server import PluginServer
from analysis_server.runtimes.standing import LoadedServer, PluginPlace
from satellite.contracts.outcome import ErrorKind, JobError

CLOSE_TIMEOUT_S = 15.0
STOPPED_WAIT_S = 1.0
ENDED_FOR_ANOTHER = JobError(kind=ErrorKind.LOST, message="The server was ended because of another job.")


class ServerFleet:
    """Runs jobs of server plugins: one server per plugin and set of cards, any number of jobs waiting."""

    def __init__(self, opener: LinkOpener, limits: ServerLimits | None = None) -> None:
        """Start nothing yet."""
        self._opener = opener
        self._limits = limits or ServerLimits()
        # Never held while anything blocks: writes to servers do not, and listeners are told without it.
        self._lock = threading.RLock()
        self._fewer = threading.Condition(self._lock)
        self._desks: dict[PluginPlace, Desk] = {}
        self._servers: list[PluginServer] = []
        self._wanting: dict[PluginPlace, Desk] = {}
        self._closed = False

    def run(self, request: RunRequest, listener: RunListener, control: RunControl) -> RunResult:
        """Run one job in its plugin's server, in the calling thread as far as waiting goes."""
        call = Call(request, listener=listener, control=control)
        if control.reason is not None or self._closed:
            return RunResult(status=RunStatus.CANCELLED)
        self._admit(call)
        control.arm(functools.partial(self._abandon, call))
        try:
            while (result := call.wait(self._patience(call))) is None:
                self._attend(call)
        finally:
            control.disarm()
        return result

    def loaded(self) -> list[str]:
        """Return `name version` of the plugins whose servers are ready, least recently used first."""
        with self._lock:
            ready = [server for server in self._servers if server.ready_at is not None and not server.going]
            ready.sort(key=lambda server: server.used_at)
            return [f"{each.template.manifest.name} {each.template.manifest.version}" for each in ready]

    def standing(self) -> list[LoadedServer]:
        """Return all servers of which anything is there, also those that start or end."""
        with self._lock:
            return [server.describe() for server in self._servers]

    def evict(self, places: Sequence[PluginPlace], *, timeout_s: float) -> list[PluginPlace]:
        """End the servers at these places, busy ones after their request; return where none is left."""
        with self._lock:
            for server in self._servers:
                if server.template.place in places:
                    server.retire()
            self._fewer.wait_for(lambda: not self._left_at(places), timeout_s)
            left = self._left_at(places)
            return [place for place in places if place not in left]

    def close(self) -> None:
        """End all servers."""
        with self._lock:
            self._closed = True
            servers = list(self._servers)
            for server in servers:
                server.stop()
        for server in servers:
            server.join(CLOSE_TIMEOUT_S)

    def next_calls(self, server: PluginServer) -> Sequence[Call]:
        """Return the next jobs for a server that has just become free."""
        desk = self._desks[server.template.place]
        if server.exchanges:
            desk.note_success()
        return desk.take_calls()

    def look_around(self) -> None:
        """Make room for servers that are wanted, now that there may be one that can go."""
        if self._wanting:
            self._start_wanted()

    def server_ended(self, server: PluginServer, fault: Fault | None) -> None:
        """Fail the jobs inside, and all that waited for a start that failed; go on with the rest.

        When it was ended because of one of the jobs inside, the others are run again, once.
        """
        with self._lock:
            failed = list(server.exchange.calls)
            self._servers.remove(server)
            self._fewer.notify_all()
            desk = self._desks[server.template.place]
            desk.server = None
            if fault is not None:
                desk.note_failure(self._limits)
                if server.ready_at is None:
                    failed += desk.queue
                    desk.queue.clear()
            elif not self._closed:
                again = [call for call in failed if call.repeat()]
                failed = [call for call in failed if call not in again]
                desk.queue.extendleft(reversed(again))
            if desk.queue:
                self._wanting[server.template.place] = desk
            self._start_wanted()
            self._forget_desks()
        fault = fault or told_to_all(ENDED_FOR_ANOTHER)
        for call in failed:
            call.fail(fault(call))

    def _left_at(self, places: Sequence[PluginPlace]) -> set[PluginPlace]:
        return {server.template.place for server in self._servers if server.template.place in places}

    def _admit(self, call: Call) -> None:
        key = call.request.place
        with self._lock:
            desk = self._desks.get(key)
            if desk is None:
                desk = self._desks[key] = Desk(call.request)
            desk.queue.append(call)
            self._advance(key, desk)

    def _advance(self, key: PluginPlace, desk: Desk) -> None:
        if desk.server is None:
            self._wanting[key] = desk
            self._start_wanted()
        elif desk.server.idle:
            calls = desk.take_calls()
            if calls:
                desk.server.hand_over(calls)

    def _start_wanted(self) -> None:
        for key, desk in list(self._wanting.items()):
            if not desk.queue or desk.server is not None or self._closed:
                del self._wanting[key]
                continue
            need, limits = desk.memory_mib, self._limits
            if not has_room(self._servers, memory_mib=need, limits=limits):
                for victim in choose_victims(self._servers, memory_mib=need, limits=limits):
                    victim.retire()
                # First come, first served: what came later waits, even if it would fit.
                return
            del self._wanting[key]
            self._start(desk)

    def _start(self, desk: Desk) -> None:
        server = PluginServer(
            desk.template,
            opener=self._opener,
            owner=self,
            lock=self._lock,
            limits=self._limits,
            started_for=desk.queue[0].request.owner_id,
        )
        desk.server = server
        self._servers.append(server)
        server.start(not_before=desk.not_before)

    def _forget_desks(self) -> None:
        for key in [key for key, desk in self._desks.items() if desk.forgettable]:
            del self._desks[key]

    def _patience(self, call: Call) -> float:
        """Return how long a job may wait before something is to be done about it."""
        now = time.monotonic()
        if call.control.reason is not None:
            return STOPPED_WAIT_S
        if call.handed_at is None:
            with self._lock:
                desk = self._desks.get(call.request.place)
            due_in = desk.due_at(call) - now if desk else 0.0
            if due_in > 0:
                return due_in
        return max(0.0, call.deadline - now)

    def _attend(self, call: Call) -> None:
        """Do what is due: send a batch that is not full, or end a job that overran."""
        key = call.request.place
        with self._lock:
            desk = self._desks.get(key)
            if call.handed_at is None and desk is not None and call.control.reason is None:
                self._advance(key, desk)
                return
        if time.monotonic() >= call.deadline:
            call.control.stop(StopReason.TIMEOUT)

    def _abandon(self, call: Call) -> None:
        """End a job early.

        In a batch the others go on if it was cancelled: only its answer is dropped. If it overran, it may
        hold them up for ever, so the server is ended.
        """
        with self._lock:
            desk = self._desks.get(call.request.place)
            server = desk.server if desk else None
            inside = server.exchange.calls if server else ()
            if call in inside:
                others = [other for other in inside if other.control.reason is None and not other.done]
                overran = call.control.reason is StopReason.TIMEOUT
                if server is not None and (overran or not others):
                    # It gets its result when the server is gone.
                    server.stop()
                    return
            elif desk is not None and call in desk.queue:
                desk.queue.remove(call)
            elif call.handed_at is not None:
                # Its answer has just come.
                return
        call.stop()
