"""The attempts that wait for room on a worker: first come, first served, so that nothing starves."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

from satellite.contracts.plugin_manifest import PluginManifest

PATIENCE_S = 10.0
"""After so long the first of those who wait may have busy servers closed, or they would never be idle."""


@dataclass(slots=True, kw_only=True, eq=False)
class WaitingAttempt:
    """An attempt of a plugin that waits."""

    manifest: PluginManifest
    resident: str
    since: float = field(default_factory=time.monotonic)

    @property
    def is_patience_over(self) -> bool:
        """Tell whether it has waited for so long that others have to stand back."""
        return time.monotonic() - self.since >= PATIENCE_S


class WaitingLine(deque[WaitingAttempt]):
    """Those who wait, in the order in which they came. Guarded by the lock of the ledger."""

    def is_first(self, waiting: WaitingAttempt) -> bool:
        """Tell whether it is this one's turn."""
        return self[0] is waiting
