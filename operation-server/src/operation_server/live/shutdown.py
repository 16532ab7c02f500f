"""Ends what never ends by itself when the process shall stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from operation_server.live.hub import Hub

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextlib.contextmanager
def ending_streams_on_signal(hub: Hub) -> Iterator[None]:
    """End streams and waits at the signal to stop, and pass it on to who handled it before.

    The web server lets open requests finish first; a stream of events would hold it up until its deadline.
    """
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread may handle signals; there is none to handle elsewhere.
        yield
        return
    loop = asyncio.get_running_loop()
    handled_before = {number: signal.getsignal(number) for number in SIGNALS}

    def end_streams(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(hub.end_streams)
        before = handled_before[signal.Signals(number)]
        if callable(before):
            before(number, frame)

    for number in SIGNALS:
        # Who leaves a signal to its default would no longer end by it.
        if callable(handled_before[number]):
            signal.signal(number, end_streams)
    try:
        yield
    finally:
        for number, before in handled_before.items():
            if callable(before):
                signal.signal(number, before)
