"""How patient a worker is with its servers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """The times of one runtime's servers. How many there may be is the ledger's to know."""

    idle_ttl_s: float = 600
    ready_timeout_s: float = 120
    backoff_s: float = 0.2
    backoff_max_s: float = 30

    def backoff_after(self, failures: int) -> float:
        """Return how long to wait before the next start after so many failures in a row."""
        return min(self.backoff_max_s, self.backoff_s * 2 ** min(failures - 1, 30)) if failures else 0.0
