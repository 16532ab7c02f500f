"""The port of every runtime: it runs one attempt of a plugin and tells how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from analysis_server.runtimes.standing import Eviction, PluginPlace, SpareRoom, Standing
from satellite.contracts.json_text import JSON_BYTES_MAX
from satellite.contracts.outcome import CapturedLog, JobError, StartKind
from satellite.contracts.plugin_manifest import PluginManifest

AttemptKey: TypeAlias = tuple[int, int]
"""`(job_id, attempt)`."""

DEFAULT_MAX_LOG_BYTES = 1024 * 1024


class RunStatus(StrEnum):
    """How a run ended. Whether a cancelled run was an interruption is known by who asked for it."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """One attempt to run. `input_json` is the job's input as one JSON value in UTF-8."""

    job_id: int
    attempt: int
    owner_id: int
    worker: str
    plugin_digest: str
    manifest: PluginManifest
    input_json: bytes
    timeout_s: float
    gpu_ids: tuple[str, ...] = ()
    max_result_bytes: int = JSON_BYTES_MAX
    max_log_bytes: int = DEFAULT_MAX_LOG_BYTES
    stack_id: str = "local"
    spare_room: SpareRoom | None = None
    """Where spares may stand by; None for as many as manifests wish."""

    @property
    def place(self) -> PluginPlace:
        """Return what its server or its spares are known by."""
        return (self.plugin_digest, self.gpu_ids)

    @property
    def key(self) -> AttemptKey:
        """Return what names this attempt."""
        return (self.job_id, self.attempt)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run ended with. `result_json` is set if and only if the run completed."""

    status: RunStatus
    result_json: bytes | None = None
    error: JobError | None = None
    log: CapturedLog | None = None
    prepared_ms: float = 0
    ran_ms: float = 0
    start: StartKind = StartKind.COLD
    progress: float | None = None


class RunListener(Protocol):
    """Hears of a run while it runs; called from threads of the runtime, so it must be quick and safe."""

    def progress(self, fraction: float, message: str) -> None:
        """Take the latest progress, 0 to 1."""

    def log(self, lines: Sequence[str]) -> None:
        """Take a batch of log lines; under a flood some are left out here, never in the stored log."""


class SilentListener:
    """A listener that hears nothing."""

    def progress(self, fraction: float, message: str) -> None:
        """Ignore the progress."""

    def log(self, lines: Sequence[str]) -> None:
        """Ignore the lines."""


class Runtime(Protocol):
    """Runs plugins. Safe to call from many threads; a fault of plugin or engine is a result, never raised."""

    @property
    def name(self) -> str:
        """Return `container` or `process`."""

    def prepare(self, manifest: PluginManifest) -> JobError | None:
        """Make ready what runs of the plugin share (image found, environment made); tell what is missing."""

    def run(self, request: RunRequest, listener: RunListener) -> RunResult:
        """Run one attempt to its end; nothing of it is left when this returns."""

    def cancel(self, job_id: int, attempt: int) -> bool:
        """Ask for the end of a run, which `run` then answers as `cancelled`; True if the run is here.

        Also holds for an attempt whose `run` is only called a moment later.
        """

    def stop_all(self, reason: str) -> int:
        """Cancel every run, as a drain does at its deadline; return how many there were."""

    def sweep(self, live: AbstractSet[AttemptKey]) -> int:
        """Remove what dead workers left behind: everything of this stack that belongs to no live attempt."""

    def sweep_orphans(self) -> int:
        """Remove only what processes have started that have died since, whatever it was for."""

    def standing(self, room: SpareRoom | None = None) -> Standing:
        """Tell what stands, after having been told where spares may."""

    def make_room(self, eviction: Eviction, *, timeout_s: float) -> list[PluginPlace]:
        """End idle servers and spares; return the places where that is done and nothing is left of them."""

    def close(self) -> None:
        """End everything and release what the runtime holds."""
