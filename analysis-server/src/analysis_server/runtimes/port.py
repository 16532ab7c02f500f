"""The port of every runtime: it runs one attempt of a plugin and tells how it ended.

What `run` begins may outlive the process that called it: the run's handle is told as soon as there is one,
and `attach` goes on from there, in whatever process.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from analysis_server.runtimes.manifests import parse_manifest
from analysis_server.runtimes.residents import Eviction, ResidentKey, Residents, SpareAllowance, resident_of
from satellite.contracts.attempt_files import Artifact
from satellite.contracts.identity import AttemptKey
from satellite.contracts.json_text import JSON_BYTES_MAX
from satellite.contracts.outcome import CapturedLog, JobError, StartKind
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.requires import RuntimeName
from satellite.contracts.run_handle import RunHandle

DEFAULT_MAX_LOG_BYTES = 1024 * 1024
DEFAULT_MAX_OUTPUT_BYTES = 1024**3
DEFAULT_MAX_OUTPUT_FILES = 256
MIB = 1024 * 1024


class RunStatus(StrEnum):
    """How a run ended. Whether a cancelled run was an interruption is known by who asked for it."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class InputPlace:
    """A file that was fetched for a run: its path among these, and where in the input that goes."""

    path: str
    pointers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedInputs:
    """The files of a run, which lie in a folder of this machine until the run takes them."""

    folder: str
    places: tuple[InputPlace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFolder:
    """A version of a model on this machine; several servers may load it, so nobody writes there."""

    name: str
    version: int
    digest: str
    folder: str
    files: tuple[tuple[str, str], ...]
    """The role and the SHA-256 of each."""
    output_schema_json: str = "{}"
    """What its answers obey, beside the schema of its plugin."""

    @property
    def label(self) -> str:
        """Return how people call it."""
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedOutput:
    """A file that a run has written for its job: its path in the run's folder, and where it lies now."""

    name: str
    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """One attempt to run: text and numbers only, so that it is cheap to hand to another process.

    `input_json` is the job's input as one JSON value in UTF-8. A pickled manifest would take a hundred times
    as long as its text (90 µs there and back, 2026-11-29).
    """

    job_id: int
    attempt: int
    uid: UUID
    owner_id: int
    worker: str
    plugin_digest: str
    manifest_json: str
    input_json: bytes
    timeout_s: float
    gpu_ids: tuple[str, ...] = ()
    max_result_bytes: int = JSON_BYTES_MAX
    max_log_bytes: int = DEFAULT_MAX_LOG_BYTES
    max_output_bytes: int = DEFAULT_MAX_OUTPUT_BYTES
    max_output_files: int = DEFAULT_MAX_OUTPUT_FILES
    stack_id: str = "local"
    runtime: RuntimeName | None = None
    """The runtime that it requires, if any."""
    spare_allowance: SpareAllowance | None = None
    """Where spares may stand by; None for as many as manifests wish."""
    shares_files: bool = False
    """Whether the worker knows where files come from and go: only then has a plugin places for them."""
    inputs: FetchedInputs | None = None
    """The files that the input refers to, if it does."""
    model: ModelFolder | None = None
    """The version of a model that its server loads; another version is another server."""
    collect_into: str | None = None
    """The folder of this machine into which the files go that the run has written for its job."""
    traceparent: str | None = None
    """What a plugin that is started for this attempt goes on with in the trace of the job, if any."""
    asked_by: AttemptKey | None = None
    """Of a server that is started: the attempt because of which, by which its secrets are asked for."""

    @property
    def keeps_checkpoints(self) -> bool:
        """Tell whether a later attempt goes on from what this one leaves."""
        return self.shares_files and self.manifest.trains is not None

    @property
    def resident(self) -> str:
        """Return what its servers or its spares are known by, on whatever cards."""
        digest = None if self.model is None else self.model.digest
        return resident_of(self.manifest, self.plugin_digest, self.owner_id, model_digest=digest)

    @property
    def resident_key(self) -> ResidentKey:
        """Return what its server or its spares on these cards are known by."""
        return (self.resident, self.gpu_ids)

    @property
    def key(self) -> AttemptKey:
        """Return what names this attempt."""
        return AttemptKey(self.job_id, self.attempt, self.uid)

    @property
    def manifest(self) -> PluginManifest:
        """Return the parsed manifest."""
        return parse_manifest(self.manifest_json)

    @property
    def output_bytes_max(self) -> int:
        """Return how many bytes the run may write for its job."""
        wanted_mib = self.manifest.resources.output_mib
        return self.max_output_bytes if wanted_mib is None else min(self.max_output_bytes, wanted_mib * MIB)

    @property
    def trace_variables(self) -> dict[str, str]:
        """Return the variable by which a plugin goes on with the trace, as OpenTelemetry names it."""
        return {} if self.traceparent is None else {"TRACEPARENT": self.traceparent}

    def without_job(self) -> RunRequest:
        """Return what is left for a server or a spare that is started because of this job."""
        return replace(
            self,
            job_id=0,
            attempt=0,
            uid=UUID(int=0),
            input_json=b"",
            spare_allowance=None,
            inputs=None,
            collect_into=None,
            traceparent=None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run ended with.

    If and only if it completed, `result_json` is set, or `result_preview` where the result is an output.
    """

    status: RunStatus
    result_json: bytes | None = None
    result_preview: str | None = None
    error: JobError | None = None
    log: CapturedLog | None = None
    prepared_ms: float = 0
    ran_ms: float = 0
    start: StartKind = StartKind.COLD
    progress: float | None = None
    outputs: tuple[CollectedOutput, ...] = ()
    """What it has written for its job, if it completed."""
    artifacts: tuple[Artifact, ...] = ()
    """What these have become, once they are stored."""
    sent_ms: float = 0
    """How long that took."""


class RunListener(Protocol):
    """Hears of a run while it runs; called from threads of the runtime, so it must be quick and safe."""

    def progress(self, fraction: float, message: str) -> None:
        """Take the latest progress, 0 to 1."""

    def log(self, lines: Sequence[str]) -> None:
        """Take a batch of log lines; under a flood some are left out here, never in the stored log."""

    def attachable(self, handle: RunHandle) -> None:
        """Take what the run can be found by; from now on it would go on without this process."""


class SilentListener:
    """A listener that hears nothing."""

    def progress(self, fraction: float, message: str) -> None:
        """Ignore the progress."""

    def log(self, lines: Sequence[str]) -> None:
        """Ignore the lines."""

    def attachable(self, handle: RunHandle) -> None:
        """Ignore the handle."""


class Runtime(Protocol):
    """Runs plugins. Safe to call from many threads; a fault of plugin or engine is a result, never raised."""

    @property
    def name(self) -> str:
        """Return `container` or `process`, or both of a set."""

    def prepare(self, manifest: PluginManifest) -> JobError | None:
        """Make ready what runs of the plugin share (image found, environment made); tell what is missing."""

    def run(self, request: RunRequest, listener: RunListener) -> RunResult:
        """Run one attempt to its end; nothing of it is left when this returns."""

    def place(self) -> str | None:
        """Name where runs are that outlive this process; None where none do, or it is not known now."""

    def attach(self, request: RunRequest, handle: RunHandle, listener: RunListener) -> RunResult:
        """Go on with a run to its end, as `run` does, whoever began it; the input of `request` is not needed.

        Its stored log is whole; live, only what it writes from now on is told. A run that cannot be attached
        to, because it is gone, elsewhere or of a kind that ends with its process, is answered as `lost`.
        """

    def cancel(self, key: AttemptKey) -> bool:
        """Ask for the end of a run, which `run` then answers as `cancelled`; True if the run is here.

        Also holds for an attempt whose `run` is only called a moment later.
        """

    def stop_all(self, reason: str) -> int:
        """Cancel every run, as a drain does at its deadline; return how many there were."""

    def sweep(self, live: AbstractSet[AttemptKey], adoptable: AbstractSet[AttemptKey] = frozenset()) -> int:
        """Remove what dead workers left behind: everything of this stack that belongs to no live attempt.

        The runs of `adoptable` attempts are left alone, though they have no lease or their process has died.
        """

    def sweep_orphans(self, adoptable: AbstractSet[AttemptKey] | None = frozenset()) -> int:
        """Remove only what processes have started that have died since, whatever it was for.

        The runs of `adoptable` attempts are left alone; None leaves those of all attempts to a sweep.
        """

    def residents(self, allowance: SpareAllowance | None = None) -> Residents:
        """Tell what is there, after having been told how many spares may be."""

    def evict(self, eviction: Eviction, *, timeout_s: float) -> list[ResidentKey]:
        """End idle servers and spares; return the keys of which nothing is left."""

    def close(self) -> None:
        """End everything and release what the runtime holds."""
