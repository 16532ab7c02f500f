"""How many servers a worker keeps, how much memory they may take, and how patient it is with them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """The limits of one runtime's servers; `memory_mib` is over the sum of what their manifests ask for."""

    servers_max: int = 8
    memory_mib: int | None = None
    idle_ttl_s: float = 600
    ready_timeout_s: float = 120
    backoff_s: float = 0.2
    backoff_max_s: float = 30

    def backoff_after(self, failures: int) -> float:
        """Return how long to wait before the next start after so many failures in a row."""
        return min(self.backoff_max_s, self.backoff_s * 2 ** min(failures - 1, 30)) if failures else 0.0
