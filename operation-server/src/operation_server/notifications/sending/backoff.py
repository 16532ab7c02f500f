"""When something that was not taken is sent again."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

FIRST_S: Final = 5.0
FACTOR: Final = 3
LONGEST_S: Final = 6 * 3_600.0
JITTER: Final = 0.2


def delay_s(attempts: int, *, asked_s: float | None = None) -> float:
    """Return how long to wait after so many attempts: 5 s, 15 s, 45 s, … 6 h, and some chance.

    What the receiver asks for is waited for, up to 6 h.
    """
    usual = min(FIRST_S * float(FACTOR ** min(attempts - 1, 20)), LONGEST_S)
    usual *= 1 + random.uniform(-JITTER, JITTER)  # noqa: S311 - no secret.
    return usual if asked_s is None else max(usual, min(asked_s, LONGEST_S))


def retry_after_s(header: str | None, *, now: datetime | None = None) -> float | None:
    """Return the seconds that a `Retry-After` asks for, None if it says nothing that can be read."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header.strip()[:9])
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
