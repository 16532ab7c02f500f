"""Notices that nothing comes by a line any more, which waits that have no deadline would not."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from paramiko import Message, Transport
from paramiko.common import cMSG_GLOBAL_REQUEST

from analysis_server.connector.ssh.dialling import HeardLine

ASK_EVERY_S: Final = 4
SILENT_MAX_S: Final = 12.0
LOOK_EVERY_S: Final = 0.5
LOOK_COUNTS_MAX_S: Final = 1.0
"""More than this between two looks is time in which this process was stopped or had no processor.

Of the line it tells nothing: all times here are of the process awake.
"""


class LineWatch:
    """Closes a connection that is silent although it is asked, or in which something takes too long."""

    def __init__(self, transport: Transport, line: HeardLine, close: Callable[[], None]) -> None:
        """Watch from now on, until the transport ends."""
        self._transport, self._line, self._close = transport, line, close
        self._awake_s = 0.0
        self._deadlines_s: set[tuple[float, object]] = set()
        self._guard = threading.Lock()
        # By the thread of the transport: it asks also while others wait for room to send.
        transport.packetizer.set_keepalive(ASK_EVERY_S, self._ask)
        threading.Thread(target=self._look, name="ssh-line-watch", daemon=True).start()

    @contextlib.contextmanager
    def deadline(self, timeout_s: float) -> Iterator[None]:
        """Close the connection if the block takes longer."""
        entry = (self._awake_s + timeout_s, object())
        with self._guard:
            self._deadlines_s.add(entry)
        try:
            yield
        finally:
            with self._guard:
                self._deadlines_s.discard(entry)

    def _ask(self) -> None:
        # As `Transport.global_request`, which cannot ask for an answer without waiting for it.
        question = Message()
        question.add_byte(cMSG_GLOBAL_REQUEST)
        question.add_string("keepalive@openssh.com")
        question.add_boolean(b=True)
        self._transport._send_user_message(question)  # type: ignore[attr-defined]  # noqa: SLF001

    def _look(self) -> None:
        looked_at_s, heard_at_s, heard_s = time.monotonic(), self._line.heard_at_s, self._awake_s
        while self._transport.is_active():
            time.sleep(LOOK_EVERY_S)
            now_s = time.monotonic()
            self._awake_s += min(now_s - looked_at_s, LOOK_COUNTS_MAX_S)
            looked_at_s = now_s
            if self._line.heard_at_s != heard_at_s:
                heard_at_s, heard_s = self._line.heard_at_s, self._awake_s
            if self._awake_s - heard_s > SILENT_MAX_S or self._is_late():
                self._close()
                return

    def _is_late(self) -> bool:
        with self._guard:
            return any(deadline_s < self._awake_s for deadline_s, _ in self._deadlines_s)
