"""What came of one attempt to tell somebody something."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SAID_MAX: Final = 1_024


class Fate(StrEnum):
    """What follows."""

    DELIVERED = "delivered"
    RETRY = "retry"
    """The receiver may take it later."""
    REFUSED = "refused"
    """It never will be taken."""
    GONE = "gone"
    """Neither this nor any other message to this receiver."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended."""

    fate: Fate
    status: int | None = None
    """What the receiver answered, in its protocol."""
    said: str = ""
    """The beginning of its answer, or why there is none."""
    ms: int = 0
    again_after_s: float | None = None
    """What it asked for."""


def failed(said: str, *, fate: Fate = Fate.RETRY) -> Outcome:
    """Return the outcome of an attempt that no receiver has answered."""
    return Outcome(fate=fate, said=said[:SAID_MAX])
