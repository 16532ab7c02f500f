"""Which of a rollout's two versions answers a request."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_RANGE: Final = 2**64


class Arm(StrEnum):
    """What a job of a rollout is there for."""

    STABLE = "stable"
    """Answered by the version that the alias names."""
    CANDIDATE = "candidate"
    """Answered by the version that is tried."""
    SHADOW = "shadow"
    """Asks the candidate what the stable version has answered; nobody waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What part a job has in a rollout."""

    rollout_id: int
    arm: Arm


def falls_into(rollout_id: int, key: str, *, percent: float) -> bool:
    """Tell whether a key is among so many percent of all keys; for one rollout it always or never is.

    A larger share includes the keys of a smaller one, so that nobody changes sides when it grows.
    """
    digest = hashlib.sha256(f"{rollout_id}:{key}".encode()).digest()
    return int.from_bytes(digest[:8]) < percent / 100 * _RANGE
