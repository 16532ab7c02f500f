"""How far the order of events is complete: ids are given before their transactions commit, or never do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Horizon:
    """Follows the looks of one reader.

    Each writer changes a row before it is given the id of an event (decision 26), so its transaction has a
    number by then. Once all that had one at a look have ended, what was missing at it will never come.
    """

    settled_id: int = 0
    """Up to here every event can be seen, or will never be."""
    _awaited_id: int = 0
    _awaited_transaction: int = 0

    def look(self, position: int, ids: list[int], *, oldest_running: int, next_transaction: int) -> int:
        """Return the id up to which all events after `position` are among `ids`, or will never be.

        `ids` are those seen at a look, in order; the numbers are those of transactions at the same look: the
        smallest that was running, and one that nobody had yet.
        """
        if self._awaited_id and oldest_running >= self._awaited_transaction:
            self.settled_id, self._awaited_id = self._awaited_id, 0
        complete = max(position, min(self.settled_id, ids[-1]))
        for event_id in ids:
            if event_id > complete + 1:
                break
            complete = max(complete, event_id)
        if complete < ids[-1] and not self._awaited_id:
            self._awaited_id, self._awaited_transaction = ids[-1], next_transaction
        return complete
