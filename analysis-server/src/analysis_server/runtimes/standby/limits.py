"""How long unused spares stand by, and what memory they must leave free."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyLimits:
    """The limits of what stands by. How many spares there may be is the ledger's to know."""

    idle_ttl_s: float = 600
    memory_reserve_mib: int = 512

    def has_memory_for(self, memory_mib: int) -> bool:
        """Tell whether the machine has so much memory free besides the reserve."""
        return bool(psutil.virtual_memory().available / MIB >= self.memory_reserve_mib + memory_mib)
