"""What an executor process does: it owns one runtime and tells live events of what runs in it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson
from redis import Redis

from analysis_server.execution.executor import Execution
from analysis_server.execution.manifests import ManifestCache
from analysis_server.reporting.event_stream import EventStream
from analysis_server.runtimes.port import AttemptKey, RunRequest, RunResult
from analysis_server.runtimes.selection import RuntimeName, RuntimeOptions, make_runtime
from analysis_server.runtimes.standing import Eviction, PluginPlace, SpareRoom, Standing
from analysis_server.runtimes.worker_variables import WorkerVariables
from analysis_server.settings import WorkerSettings
from satellite.contracts.event import EventType, StreamEntry
from satellite.settings.observability import LogSettings

EVICTION_TIMEOUT_S = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorSetup:
    """All that an executor process goes by: it reads nothing of its own environment, which is Ray's."""

    settings: WorkerSettings
    log: LogSettings
    runtime: RuntimeName
    redis_url: str = field(repr=False)
    """May hold a password."""
    variables: WorkerVariables


class ExecutorService:
    """One runtime for all slots of a worker, with its cache of parsed manifests."""

    def __init__(self, setup: ExecutorSetup) -> None:
        """Make the runtime, and remove what a dead executor has left; start nothing yet."""
        settings = self._settings = setup.settings
        self._runtime = make_runtime(
            setup.runtime,
            RuntimeOptions(
                stack_id=settings.stack_id,
                state_dir=settings.state_dir,
                plugin_dir=settings.plugin_dir,
                uv=settings.uv,
                servers=settings.server_limits(),
                standby=settings.standby_limits(),
                variables=setup.variables,
            ),
        )
        # What an earlier executor process left would use room that is given to others now.
        self._runtime.sweep_orphans()
        self._redis = Redis.from_url(setup.redis_url, socket_connect_timeout=2, socket_timeout=5)
        self._events = EventStream(self._redis)
        self._manifests = ManifestCache()

    def run(self, execution: Execution) -> RunResult:
        """Run one attempt to its end."""
        request = RunRequest(
            job_id=execution.job_id,
            attempt=execution.attempt,
            owner_id=execution.owner_id,
            worker=self._settings.name,
            plugin_digest=execution.plugin_digest,
            manifest=self._manifests.parse(execution.plugin_digest, execution.manifest_json),
            input_json=execution.input_json,
            timeout_s=execution.timeout_s,
            gpu_ids=execution.gpu_ids,
            max_result_bytes=self._settings.max_result_bytes,
            max_log_bytes=self._settings.max_log_bytes,
            stack_id=self._settings.stack_id,
            spare_room=execution.spare_room,
        )
        return self._runtime.run(request, _Teller(self._events, execution))

    def cancel(self, key: AttemptKey) -> bool:
        """Ask for the end of a run."""
        return self._runtime.cancel(*key)

    def stop_all(self, reason: str) -> int:
        """Ask for the end of every run."""
        return self._runtime.stop_all(reason)

    def sweep(self, live: Collection[AttemptKey]) -> int:
        """Remove what belongs to none of the `live` attempts."""
        return self._runtime.sweep(set(live))

    def make_room(self, eviction: Eviction) -> list[PluginPlace]:
        """End idle servers and spares; return the places where nothing is left of them."""
        return self._runtime.make_room(eviction, timeout_s=EVICTION_TIMEOUT_S)

    def standing(self, room: SpareRoom | None) -> Standing:
        """Tell what stands, after having been told where spares may."""
        return self._runtime.standing(room)

    def close(self) -> None:
        """End every run and release what is held."""
        self._runtime.close()
        self._events.close()
        self._redis.close()


class _Teller:
    """Turns what is heard of a run into live events."""

    def __init__(self, events: EventStream, execution: Execution) -> None:
        self._events = events
        self._execution = execution

    def progress(self, fraction: float, message: str) -> None:
        """Tell the latest progress."""
        self._tell(EventType.PROGRESS, {"fraction": fraction, "message": message})

    def log(self, lines: Sequence[str]) -> None:
        """Tell a batch of log lines."""
        self._tell(EventType.LOG, {"lines": list(lines)})

    def _tell(self, type_: EventType, data: dict[str, object]) -> None:
        told = {"attempt": self._execution.attempt, **data}
        self._events.tell(
            StreamEntry(
                job_id=self._execution.job_id,
                owner_id=self._execution.owner_id,
                type=type_,
                data=orjson.dumps(told).decode(),
                at=datetime.now(UTC),
            )
        )
