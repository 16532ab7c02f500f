"""The advisory locks of PostgreSQL by which of several processes of a kind one leads."""

from __future__ import annotations

from typing import Final

DISPATCHER_LOCK: Final = 5_172_001
RESULTS_LOCK: Final = 5_172_002
KAFKA_LOCK: Final = 5_172_003
NOTIFICATIONS_LOCK: Final = 5_172_004
LEADERS_LOCKS: Final = (DISPATCHER_LOCK, RESULTS_LOCK, KAFKA_LOCK, NOTIFICATIONS_LOCK)
