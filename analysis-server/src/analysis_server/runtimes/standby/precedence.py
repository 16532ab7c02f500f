"""Whose spares go when there is no room for those of another plugin.

Each version of a plugin counts by itself: all that are used keep spares as long as there is room. Where there
is none, the least recently used goes first. One that was used at about the same time keeps what it has: two
used in turn would otherwise end each other's spares, and start cold each time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

IN_TURN_S = 10.0
"""Those last used no further apart than this are in use side by side."""


class Used(Protocol):
    """What is used now and then."""

    used_at: float


UsedT = TypeVar("UsedT", bound=Used)


def those_that_give_way(holders: Iterable[UsedT], *, wanted_at: float) -> list[UsedT]:
    """Return who makes room for what was used at `wanted_at` in monotonic seconds, the first to go first."""
    older = [holder for holder in holders if holder.used_at < wanted_at - IN_TURN_S]
    return sorted(older, key=lambda holder: holder.used_at)
