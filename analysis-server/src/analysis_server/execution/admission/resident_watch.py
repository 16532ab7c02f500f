"""Keeps the ledger in step with what is really there in the executor, and remembers it for the heartbeat."""

from __future__ import annotations

import time

from analysis_server.execution.admission.ledger import ResourceLedger
from analysis_server.execution.executor import ExecutorHealth, PluginExecutor
from analysis_server.runtimes.residents import Residents
from analysis_server.runtimes.standby.limits import StandbyLimits
from satellite.contracts.worker import LoadedPlugin, SparePlugin


class ResidentWatch:
    """Looks at the executor now and then, so that no job has to."""

    def __init__(self, executor: PluginExecutor, ledger: ResourceLedger, limits: StandbyLimits) -> None:
        """Know of nothing yet."""
        self._executor = executor
        self._ledger = ledger
        self._limits = limits
        self._residents = Residents()

    def look(self, timeout_s: float) -> ExecutorHealth:
        """Look once, and tell how the executor is."""
        asked_at = time.monotonic()
        look = self._executor.look(self._ledger.spare_allowance(), timeout_s=timeout_s)
        # Nothing is struck off while the executor is away: what it left may still be there.
        self._residents = look.residents or Residents()
        if look.residents is not None:
            self._ledger.settle(look.residents, asked_at=asked_at)
            self._ledger.let_unused_give_way()
            if not self._limits.has_memory_for(0):
                self._ledger.relieve_memory()
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
                gpu_ids=list(server.key[1]),
                model=server.model,
            )
            for server in self._residents.servers
        ]

    def spares(self) -> list[SparePlugin]:
        """Return what was on standby at the last look."""
        return [
            SparePlugin(
                name=spares.name,
                version=spares.version,
                count=spares.ready,
                memory_mib=spares.memory_mib,
                gpu_ids=list(spares.key[1]),
            )
            for spares in self._residents.spares
        ]
