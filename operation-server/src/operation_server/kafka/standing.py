"""Whether the loops of this process can do their work, as its sign of life tells it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from operation_server.faults import Outage, reason_of
from operation_server.health.sign_of_life import SignOfLife


class Standing:
    """Notes of each loop what keeps it from its work; the process is well when nothing keeps any."""

    def __init__(self, life: SignOfLife) -> None:
        """Believe that all are well."""
        self._life = life
        self._reasons: dict[str, str] = {}

    @contextlib.contextmanager
    def watching(self, loop: str) -> Iterator[None]:
        """Note whether a part of a loop's work succeeds; an outage of something else tells nothing."""
        try:
            yield
        except Outage as error:
            self.waits(loop, error)
            raise
        self.works(loop)

    def waits(self, loop: str, error: Exception) -> None:
        """Note that a loop waits, and why."""
        self._reasons[loop] = reason_of(error)
        self._life.refuse(f"{loop}: {self._reasons[loop]}")

    def works(self, loop: str) -> None:
        """Note that a loop does its work."""
        self._reasons.pop(loop, None)
        if not self._reasons:
            self._life.works()
