"""A user of its own for each process of a plugin, among all workers of a machine."""

from __future__ import annotations

import contextlib
import random
import socket
from typing import Final

from analysis_server.runtimes.plugin_users import PROCESS_USERS

TRIES: Final = 64


class RunUser:
    """An id that no other run has while this one lives.

    It is held by a socket of a name that the kernel gives out once and takes back when this process ends.
    """

    def __init__(self) -> None:
        """Take an id that is free; raise `RuntimeError` where none is."""
        self._held = socket.socket(socket.AF_UNIX)
        for user in random.SystemRandom().sample(PROCESS_USERS, TRIES):
            with contextlib.suppress(OSError):
                self._held.bind(f"\0satellite-user-{user}")
                self.id = user
                return
        self._held.close()
        raise RuntimeError("nearly all users of plugins are taken on this machine")

    def release(self) -> None:
        """Give the id back, once no process runs as this user; a second call changes nothing."""
        self._held.close()
