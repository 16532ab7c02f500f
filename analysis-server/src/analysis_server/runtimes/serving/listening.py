"""What is read of a server, what is left to write to it, its times; a thread or an event loop drives it."""

from __future__ import annotations

import os
import select
import time
from typing import Protocol

from analysis_server.runtimes.run.log_capture import FLUSH_S
from analysis_server.runtimes.run.verdict import out_of_memory
from analysis_server.runtimes.serving.connection import ServerConnection
from analysis_server.runtimes.serving.faults import Fault, told_to_all
from analysis_server.runtimes.serving.request_writer import RequestWriter
from analysis_server.runtimes.serving.server import PluginServer

KILL_AGAIN_AFTER_S = 1.0
GIVE_UP_AFTER_S = 30.0
SAMPLE_S = 0.25
LONGEST_WAIT_S = 60.0
MARK_WAIT_S = 0.05
"""Longest wait for a server's last log lines once it has answered."""
_READABLE = select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR


class Listener(Protocol):
    """Who works on what is heard of a server."""

    def take_lines(self) -> None:
        """Work on what has come in on stdout."""

    def write_more(self) -> bool:
        """Write what is left of a request; tell whether some is left still."""

    def give_up_start(self) -> None:
        """End a server that does not become ready."""

    def break_off(self, fault: Fault) -> None:
        """End the server because of a fault."""

    def retire_unused(self) -> None:
        """End the server if it has been idle for too long."""


class Listening:
    """Goes on until the server has ended."""

    def __init__(
        self, server: PluginServer, connection: ServerConnection, writer: RequestWriter, listener: Listener
    ) -> None:
        """Start the clock of the start."""
        self._server = server
        self._listener = listener
        self._connection = connection
        self._writer = writer
        self._readers = connection.readers()
        self._ready_by = time.monotonic() + server.limits.ready_timeout_s
        self._sample_at = time.monotonic()
        self._killed_at: float | None = None
        self._kills_since: float | None = None
        self._poll = select.epoll()
        self._written = False

    def begin(self) -> None:
        """Begin to listen."""
        self._poll.register(self._writer.waker, select.EPOLLIN)
        for descriptor in {*self._readers, self._writer.descriptor}:
            os.set_blocking(descriptor, False)
        for descriptor in self._readers:
            self._poll.register(descriptor, select.EPOLLIN)

    def fileno(self) -> int:
        """Return a descriptor that can be read from while there is something to work on."""
        return self._poll.fileno()

    def tend(self) -> float | None:
        """Do what is due; return within which time to work again, None when nothing more is to be heard."""
        return self._tend() if self._readers else None

    def work(self, timeout_s: float) -> None:
        """Work on what there is, after waiting for something."""
        ready = dict(self._poll.poll(timeout_s))
        if self._writer.waker in ready:
            self._writer.woken()
        self._read(ready)
        self._write()
        self._listener.take_lines()

    def end(self) -> None:
        """Listen no more."""
        self._poll.close()

    def _read(self, ready: dict[int, int]) -> None:
        for descriptor, reader in list(self._readers.items()):
            if ready.get(descriptor, 0) & _READABLE and not reader(descriptor):
                del self._readers[descriptor]
                self._poll.unregister(descriptor)

    def _write(self) -> None:
        waiting = self._listener.write_more()
        if waiting == self._written:
            return
        self._written = waiting
        descriptor = self._writer.descriptor
        if descriptor in self._readers:
            self._poll.modify(descriptor, select.EPOLLIN | (select.EPOLLOUT if waiting else 0))
        elif waiting:
            self._poll.register(descriptor, select.EPOLLOUT)
        else:
            self._poll.unregister(descriptor)

    def _tend(self) -> float | None:
        """Do what is due; return the seconds until the next time, None when waiting on is pointless."""
        server, now = self._server, time.monotonic()
        if server.ready_at is None and now >= self._ready_by:
            self._listener.give_up_start()
        if self._connection.sampled and now >= self._sample_at:
            self._sample_at = now + SAMPLE_S
            if self._connection.over_memory():
                self._listener.break_off(told_to_all(out_of_memory(server.template)))
        if server.idle and server.unused_for_good_in(now) <= 0:
            self._listener.retire_unused()
        if server.stopping.is_set():
            return self._kill(now)
        return self._due_in_s(now)

    def _due_in_s(self, now: float) -> float:
        server, waits = self._server, [LONGEST_WAIT_S]
        if not server.exchange.runs and server.ready_at is not None:
            waits.append(server.unused_for_good_in(now))
        if server.ready_at is None:
            waits.append(self._ready_by - now)
        if self._connection.sampled:
            waits.append(self._sample_at - now)
        if server.exchange.answered_at is not None:
            waits.append(MARK_WAIT_S)
        # A list, because each of them has to be flushed.
        pending = [run.flush_log() for run in server.exchange.runs]
        if any(pending):
            waits.append(FLUSH_S)
        return max(0.0, min(waits))

    def _kill(self, now: float) -> float | None:
        if self._kills_since is None:
            self._kills_since = now
        if now - self._kills_since > GIVE_UP_AFTER_S:
            return None
        if self._killed_at is None or now - self._killed_at >= KILL_AGAIN_AFTER_S:
            self._killed_at = now
            self._connection.kill()
        return KILL_AGAIN_AFTER_S / 4
