"""Which models may be loaded: a ledger of the direct lane's own, asked once for all who use a model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from analysis_server.execution.admission.allocation import Allocation
from analysis_server.execution.admission.ledger import ResourceLedger
from analysis_server.inference.errors import ModelUnavailable
from analysis_server.inference.settings import InferenceSettings
from analysis_server.runtimes.residents import Eviction, ResidentKey, ResidentLimits, Residents
from analysis_server.runtimes.serving.fleet import ServerFleet
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.worker import GPUCard

EVICTED_WITHIN_S: Final = 30.0


@dataclass(slots=True, eq=False)
class Hold:
    """The room of a loaded model, and how many requests use it."""

    allocation: Allocation
    users: int = 1


class ModelRoom:
    """Lets a request use a loaded model, after making room for it where it has none. For one event loop."""

    def __init__(self, settings: InferenceSettings, fleet: ServerFleet, cards: Sequence[GPUCard]) -> None:
        """Begin with nothing loaded; of the memory of `cards` models get the share that is set."""
        self._fleet = fleet
        self._timeout_s = settings.ready_timeout_s
        self._ledger = ResourceLedger(
            cpus=settings.cpus,
            memory_mib=settings.memory_mib,
            cards=[_shared_out(card, settings.gpu_memory_fraction) for card in cards],
            limits=ResidentLimits(servers_max=settings.max_loaded, spares_max=0),
            evict=self._evict,
        )
        self._holds: dict[str, Hold] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._asking = 0
        """Models that wait for room. While some do, nobody goes on using one without standing in line."""

    async def enter(self, manifest: PluginManifest, resident: str) -> Hold:
        """Return the room of a model, once it has some.

        Raises:
            ModelUnavailable: it gets none.
        """
        seen = self._holds.get(resident)
        if not self._asking:
            if seen is not None:
                seen.users += 1
                return seen
            self._release_unused()
            # Nobody waits, so this is answered at once.
            allocation = self._ledger.acquire(manifest, resident, is_stopped=lambda: True)
            if allocation is not None:
                return self._hold(resident, allocation)
        async with self._turns.setdefault(resident, asyncio.Lock()):
            hold = self._holds.get(resident)
            if hold is not None and hold is not seen:
                hold.users += 1
                return hold
            return self._hold(resident, await self._ask(manifest, resident))

    def leave(self, hold: Hold) -> None:
        """Give back what `enter` gave; the model stays loaded until its room is needed."""
        hold.users -= 1
        if not hold.users and (self._asking or hold not in self._holds.values()):
            self._release(hold)

    def settle(self) -> None:
        """Strike off models that are no longer loaded, and let those who wait look at the time."""
        self._release_unused()
        asked_at = time.monotonic()
        self._ledger.settle(Residents(servers=tuple(self._fleet.residents())), asked_at=asked_at)
        self._ledger.wake()

    def close(self) -> None:
        """Let nobody wait any longer."""
        self._timeout_s = 0
        self._ledger.wake()

    def _release_unused(self) -> None:
        # Not as soon as nobody uses them: the next request comes soon, and the ledger is asked once for both.
        for hold in [each for each in self._holds.values() if not each.users]:
            self._release(hold)

    def _release(self, hold: Hold) -> None:
        self._holds = {resident: each for resident, each in self._holds.items() if each is not hold}
        self._ledger.release(hold.allocation)

    def _hold(self, resident: str, allocation: Allocation) -> Hold:
        hold = self._holds[resident] = Hold(allocation)
        return hold

    async def _ask(self, manifest: PluginManifest, resident: str) -> Allocation:
        since = time.monotonic()

        def is_stopped() -> bool:
            return time.monotonic() - since > self._timeout_s

        self._asking += 1
        self._release_unused()
        try:
            allocation = await asyncio.to_thread(
                self._ledger.acquire, manifest, resident, is_stopped=is_stopped
            )
        finally:
            self._asking -= 1
        if allocation is None:
            raise ModelUnavailable("There is no room for the model: those that are loaded are all in use.")
        return allocation

    def _evict(self, eviction: Eviction) -> list[ResidentKey]:
        return self._fleet.evict(eviction.servers, timeout_s=EVICTED_WITHIN_S)


def _shared_out(card: GPUCard, fraction: float) -> GPUCard:
    return card.model_copy(update={"memory_mib": int(card.memory_mib * fraction)})
