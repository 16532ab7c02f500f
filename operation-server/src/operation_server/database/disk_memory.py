"""Remembers that a disk was full, so that probes can warn of it."""

from __future__ import annotations

import time

REMEMBERED_S = 60
"""Without a refusal for so long the disk is taken to have room again."""


class DiskMemory:
    """The last time that something could not be stored for want of space."""

    def __init__(self) -> None:
        self._refused_at: float | None = None

    def note_refusal(self) -> None:
        """Remember that something was refused just now."""
        self._refused_at = time.monotonic()

    def describe(self) -> str:
        """Return `ok`, or what is wrong and what to do."""
        since_s = None if self._refused_at is None else time.monotonic() - self._refused_at
        if since_s is None or since_s > REMEMBERED_S:
            return "ok"
        return f"is full: something could not be stored {since_s:.0f} s ago; make room on it"
