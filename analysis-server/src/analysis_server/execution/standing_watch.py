"""Keeps the ledger in step with what really stands in the executor, and remembers it for the heartbeat."""

from __future__ import annotations

import time

from analysis_server.execution.admission import ResourceLedger
from analysis_server.execution.executor import ExecutorHealth, PluginExecutor
from analysis_server.runtimes.standing import Standing
from satellite.contracts.worker import LoadedPlugin, SparePlugin


class StandingWatch:
    """Looks at the executor now and then, so that no job has to."""

    def __init__(self, executor: PluginExecutor, ledger: ResourceLedger) -> None:
        """Know of nothing yet."""
        self._executor = executor
        self._ledger = ledger
        self._standing = Standing()

    def look(self, timeout_s: float) -> ExecutorHealth:
        """Look once, and tell how the executor is."""
        asked_at = time.monotonic()
        look = self._executor.look(self._ledger.spare_room(), timeout_s=timeout_s)
        # Nothing is struck off while the executor is away: what it left may still be there.
        self._standing = look.standing or Standing()
        if look.standing is not None:
            self._ledger.settle(look.standing, asked_at=asked_at)
            self._ledger.let_spares_give_way()
        return look.health

    def loaded(self) -> list[LoadedPlugin]:
        """Return the servers as they were at the last look."""
        return [
            LoadedPlugin(
                name=server.name,
                version=server.version,
                busy=server.busy,
                memory_mib=server.memory_mib,
                gpu_memory_mib=server.gpu_memory_mib,
                gpu_ids=list(server.place[1]),
            )
            for server in self._standing.servers
        ]

    def spares(self) -> list[SparePlugin]:
        """Return what stood by at the last look."""
        return [
            SparePlugin(
                name=shelf.name,
                version=shelf.version,
                count=shelf.ready,
                memory_mib=shelf.memory_mib,
                gpu_ids=list(shelf.place[1]),
            )
            for shelf in self._standing.spares
        ]
