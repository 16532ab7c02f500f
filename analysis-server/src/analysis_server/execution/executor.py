"""The port behind which plugins are executed: an executor runs attempts in a runtime of its own process."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from analysis_server.runtimes.port import AttemptKey, RunResult
from analysis_server.runtimes.standing import Eviction, PluginPlace, SpareRoom, Standing
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
    """What is seen of an executor; nothing is known of what stands in one that does not answer."""

    health: ExecutorHealth
    standing: Standing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One attempt as an executor gets it: text and numbers only, cheap to hand to another process."""

    job_id: int
    attempt: int
    owner_id: int
    plugin_digest: str
    manifest_json: str
    input_json: bytes
    timeout_s: float
    gpu_ids: tuple[str, ...] = ()
    spare_room: SpareRoom | None = None

    @property
    def key(self) -> AttemptKey:
        """Return what names this attempt."""
        return (self.job_id, self.attempt)


class PluginExecutor(Protocol):
    """Executes attempts. Safe to call from many threads."""

    def run(self, execution: Execution) -> RunResult:
        """Run one attempt to its end.

        Raises:
            ExecutorLost: the executor died meanwhile; what it ran may still have to be swept.
        """

    def cancel(self, key: AttemptKey) -> None:
        """Ask for the end of a run; returns at once."""

    def stop_all(self, reason: str) -> None:
        """Ask for the end of every run; returns at once."""

    def sweep(self, live: Collection[AttemptKey]) -> int:
        """Remove what belongs to none of the `live` attempts; return how much it was."""

    def make_room(self, eviction: Eviction) -> Collection[PluginPlace]:
        """End idle servers and spares; return the places where nothing is left, none if that is unknown."""

    def look(self, room: SpareRoom | None, *, timeout_s: float) -> Look:
        """Tell how the executor is and what stands in it, and tell it where spares may."""

    def close(self) -> None:
        """End every run and the executor."""
