"""The port behind which plugins are executed: an executor runs attempts in a runtime of its own process."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from analysis_server.execution.attachable_runs import Attachable
from analysis_server.runtimes.port import RunRequest, RunResult
from analysis_server.runtimes.residents import Eviction, ResidentKey, Residents, SpareAllowance
from satellite.contracts.identity import AttemptKey
from satellite.contracts.run_handle import RunHandle
from satellite.errors import SatelliteError


class ExecutorLost(SatelliteError):
    """The executor process died while it ran the attempt."""

    code = "executor_lost"


class ExecutorHealth(StrEnum):
    """How an executor is."""

    WELL = "well"
    RESTARTING = "restarting"
    """Its process died and is being replaced."""
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is seen of an executor; nothing is known of what is in one that does not answer."""

    health: ExecutorHealth
    residents: Residents | None = None


class PluginExecutor(Protocol):
    """Executes attempts. Safe to call from many threads."""

    def run(self, request: RunRequest) -> RunResult:
        """Run one attempt to its end.

        Raises:
            ExecutorLost: the executor died meanwhile; what it ran may still have to be swept.
        """

    def attach(self, request: RunRequest, handle: RunHandle) -> RunResult:
        """Go on with a run to its end, whoever began it; its input is not needed.

        Raises:
            ExecutorLost: the executor died meanwhile.
        """

    def attachable(self) -> Attachable:
        """Tell where runs are that outlive the executor, and by what the longer ones are found; at once."""

    def cancel(self, key: AttemptKey) -> None:
        """Ask for the end of a run; returns at once."""

    def stop_all(self, reason: str) -> None:
        """Ask for the end of every run; returns at once."""

    def sweep(self, live: Collection[AttemptKey], adoptable: Collection[AttemptKey] = ()) -> int:
        """Remove what belongs neither to `live` nor to `adoptable` attempts; return how much it was."""

    def evict(self, eviction: Eviction) -> Collection[ResidentKey]:
        """End idle servers and spares; return the keys of which nothing is left, none if that is unknown."""

    def look(self, allowance: SpareAllowance | None, *, timeout_s: float) -> Look:
        """Tell how the executor is and what is there, and tell it how many spares may be."""

    def close(self) -> None:
        """End every run and the executor."""
