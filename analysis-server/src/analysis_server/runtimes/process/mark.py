"""Marks the processes of a run so that none is overlooked, whatever it did to its session or environment.

The mark is a limit, that of file locks, which Linux has not applied since 2.4.25. It passes to every child
and over every `exec`, can be read from outside, and only be lowered from inside.
"""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Callable
from typing import Final

from analysis_server.runtimes.process_table import ProcessRow, kill_process, list_processes

STACK_BITS: Final = 12
OWNER_BITS: Final = 24
SERIAL_BITS: Final = 26
KILL_ROUNDS: Final = 20
KILL_PAUSE_S: Final = 0.005
_LIMIT: Final = b"Max file locks"


def stack_mark(stack_id: str) -> int:
    """Return what the marks of all runs of a stack begin with; never zero, so that none is a usual limit."""
    return 1 + _digest(stack_id) % ((1 << STACK_BITS) - 1)


def owner_mark(stack_id: str, owner: str) -> int:
    """Return what the marks of all runs of one process, known by its label, begin with."""
    return (stack_mark(stack_id) << OWNER_BITS) + _digest(owner) % (1 << OWNER_BITS)


def stack_of(mark: int) -> int:
    """Return what `stack_mark` made a mark begin with."""
    return mark >> (OWNER_BITS + SERIAL_BITS)


def owner_of(mark: int) -> int:
    """Return what `owner_mark` made a mark begin with."""
    return mark >> SERIAL_BITS


class RunMarks:
    """Gives a mark to each run of this process."""

    def __init__(self, owner: int) -> None:
        """Let all of them begin with `owner`."""
        self._owner = owner
        self._serials = itertools.count(1)

    def take(self) -> int:
        """Return a mark that no other run has."""
        return (self._owner << SERIAL_BITS) + next(self._serials) % (1 << SERIAL_BITS)


def mark_of(pid: int) -> int | None:
    """Return the mark of a process, None if it has none or is gone."""
    try:
        with open(f"/proc/{pid}/limits", "rb") as file:  # noqa: PTH123 - a Path for each costs more than the rest
            value = file.read().partition(_LIMIT)[2].split(None, 1)[0]
    except (OSError, IndexError):
        return None
    return int(value) if value.isdigit() else None


def kill_until_none(is_wanted: Callable[[ProcessRow], bool]) -> int | None:
    """Kill all such processes until there are no more; return how many, None if something resists."""
    killed: set[tuple[int, int]] = set()
    for _ in range(KILL_ROUNDS):
        found = [row for row in list_processes() if is_wanted(row)]
        if not found:
            return len(killed)
        killed |= {(row.pid, row.started) for row in found if kill_process(row)}
        time.sleep(KILL_PAUSE_S)
    return None


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest())
