"""Who works on what servers write: the thread of each, or the event loop of those who ask them."""

from __future__ import annotations

import asyncio
import threading
from typing import Protocol

from analysis_server.runtimes.serving.listening import Listening


class Driver(Protocol):
    """Lets a server be listened to until it has ended."""

    def drive(self, listening: Listening) -> None:
        """Return when nothing more is to be heard of it."""


class OwnThread:
    """Listens in the thread that the server has anyway."""

    def drive(self, listening: Listening) -> None:
        """Listen to the end."""
        while (wait_s := listening.tend()) is not None:
            listening.work(wait_s)


class EventLoop:
    """Listens on an event loop, so that an answer needs no second thread to reach who awaits it.

    For the few servers of a process that does little else: what is due now and then, such as to look at the
    memory of a server, is done on the loop as well.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take the loop, which runs longer than all servers."""
        self._loop = loop

    def drive(self, listening: Listening) -> None:
        """Wait while the loop listens to the end."""
        ended = threading.Event()
        watch = _Watch(self._loop, listening, ended)
        self._loop.call_soon_threadsafe(watch.begin)
        ended.wait()
        if watch.fault is not None:
            raise watch.fault


class _Watch:
    """One server on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, listening: Listening, ended: threading.Event) -> None:
        self.fault: Exception | None = None
        self._loop = loop
        self._listening = listening
        self._ended = ended
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        self._loop.add_reader(self._listening.fileno(), self._work)
        self._tend()

    def _work(self) -> None:
        try:
            self._listening.work(0)
        except Exception as error:  # noqa: BLE001 - whoever waits for the end is told.
            self._end(error)
        else:
            self._tend()

    def _tend(self) -> None:
        try:
            wait_s = self._listening.tend()
        except Exception as error:  # noqa: BLE001
            self._end(error)
            return
        if self._timer is not None:
            self._timer.cancel()
        if wait_s is None:
            self._end(None)
        else:
            self._timer = self._loop.call_later(wait_s, self._work)

    def _end(self, fault: Exception | None) -> None:
        self.fault = fault
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._listening.fileno())
        self._ended.set()
