"""Who waits for cards of this host, in the order in which they came."""

import contextlib
import os
import time
from typing import Any, Dict, List

from analysis_server.connector.remote import card_locks, locks, records
from analysis_server.connector.remote.folders import private


class Place:
    """A place in the line: a file with what is wanted, and a lock that ends with who waits."""

    def __init__(self, base: str, name: str, wants: Dict[str, Any]) -> None:
        """Go to the end of the line."""
        self._folder = private(os.path.join(card_locks.folder(base), "line"))
        self._ticket = "%020d-%s" % (time.time() * 1e9, name)
        self._held = locks.take(self._path(self._ticket) + ".lock", wait_s=1)
        records.write(self._path(self._ticket), wants)

    def before(self) -> List[Dict[str, Any]]:
        """Return what those want who came earlier and still wait."""
        earlier = [name for name in sorted(os.listdir(self._folder)) if name < self._ticket]
        return [wants for wants in (self._wants(name) for name in earlier if _is_ticket(name)) if wants]

    def leave(self) -> None:
        """Leave the line."""
        self._remove(self._ticket)
        if self._held is not None:
            self._held.close()

    def _wants(self, ticket: str) -> Dict[str, Any]:
        if locks.is_held(self._path(ticket) + ".lock"):
            return records.read(self._path(ticket)) or {}
        self._remove(ticket)
        return {}

    def _remove(self, ticket: str) -> None:
        for path in (self._path(ticket), self._path(ticket) + ".lock"):
            with contextlib.suppress(OSError):
                os.unlink(path)

    def _path(self, ticket: str) -> str:
        return os.path.join(self._folder, ticket)


def _is_ticket(name: str) -> bool:
    return not name.endswith((".lock", ".part"))
