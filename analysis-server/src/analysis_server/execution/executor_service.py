"""What an executor process does: it owns one runtime and tells live events of what runs in it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson
import structlog
from redis import Redis
from redis.exceptions import RedisError

from analysis_server.execution.attachable_runs import Attachable, AttachableRuns
from analysis_server.execution.progress_event import progress_data
from analysis_server.operation_api.client import OperationAPI
from analysis_server.operation_api.run_secrets import SecretsOfAPI
from analysis_server.reporting.event_stream import EventStream
from analysis_server.reporting.leases import LeaseKeeper
from analysis_server.runtimes.port import RunRequest, RunResult, Runtime
from analysis_server.runtimes.residents import Eviction, ResidentKey, Residents, SpareAllowance
from analysis_server.runtimes.secrets.port import NoStoredSecrets, StoredSecrets
from analysis_server.runtimes.selection import RuntimeOptions, make_runtimes
from analysis_server.runtimes.worker_variables import WorkerVariables
from analysis_server.settings import WorkerSettings
from satellite.contracts.event import EventType, StreamEntry
from satellite.contracts.identity import AttemptKey
from satellite.contracts.requires import RuntimeName
from satellite.contracts.run_handle import RunHandle
from satellite.settings.observability import LogSettings

EVICTION_TIMEOUT_S = 8.0

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorSetup:
    """All that an executor process goes by: it reads nothing of its own environment, which is Ray's."""

    settings: WorkerSettings
    log: LogSettings
    runtimes: tuple[RuntimeName, ...]
    redis_url: str = field(repr=False)
    """May hold a password."""
    variables: WorkerVariables


class ExecutorService:
    """One runtime for all slots of a worker."""

    def __init__(self, runtime: Runtime, *, redis_url: str, worker: str) -> None:
        """Own a runtime, and remove what a dead executor has left; start nothing yet."""
        self._runtime = runtime
        self._redis = Redis.from_url(redis_url, socket_connect_timeout=2, socket_timeout=5)
        # What an earlier executor process left would use room that is given to others now.
        self._runtime.sweep_orphans(self._adoptable(worker))
        self._attachable = AttachableRuns()
        self._events = EventStream(self._redis)

    @classmethod
    def of(cls, setup: ExecutorSetup) -> ExecutorService:
        """Return the service of the runtimes of this machine."""
        settings = setup.settings
        runtime = make_runtimes(
            setup.runtimes,
            RuntimeOptions(
                stack_id=settings.stack_id,
                state_dir=settings.state_dir,
                files_dir=settings.files_folder,
                plugin_dirs=settings.plugin_dirs,
                uv=settings.uv,
                containers=settings.container_options(),
                kubernetes=settings.kubernetes_options(),
                servers=settings.server_limits(),
                standby=settings.standby_limits(),
                variables=setup.variables,
                stored_secrets=stored_secrets_of(settings, setup.variables),
                secret_place=settings.secret_place(),
            ),
        )
        return cls(runtime, redis_url=setup.redis_url, worker=settings.name)

    def run(self, request: RunRequest) -> RunResult:
        """Run one attempt to its end."""
        try:
            return self._runtime.run(request, self._teller(request))
        finally:
            self._attachable.discard(request.key)

    def attach(self, request: RunRequest, handle: RunHandle) -> RunResult:
        """Go on with a run to its end."""
        return self._runtime.attach(request, handle, self._teller(request))

    def attachable(self) -> Attachable:
        """Tell where runs are that outlive this process, and by what the longer ones are found."""
        return Attachable(place=self._runtime.place(), handles=self._attachable.lasting())

    def _teller(self, request: RunRequest) -> _Teller:
        return _Teller(self._events, request, attachable=self._attachable)

    def cancel(self, key: AttemptKey) -> bool:
        """Ask for the end of a run."""
        return self._runtime.cancel(key)

    def stop_all(self, reason: str) -> int:
        """Ask for the end of every run."""
        return self._runtime.stop_all(reason)

    def sweep(self, live: Collection[AttemptKey], adoptable: Collection[AttemptKey]) -> int:
        """Remove what belongs neither to `live` nor to `adoptable` attempts."""
        return self._runtime.sweep(set(live), set(adoptable))

    def evict(self, eviction: Eviction) -> list[ResidentKey]:
        """End idle servers and spares; return the keys of which nothing is left."""
        return self._runtime.evict(eviction, timeout_s=EVICTION_TIMEOUT_S)

    def residents(self, allowance: SpareAllowance | None) -> Residents:
        """Tell what is there, after having been told how many spares may be."""
        return self._runtime.residents(allowance)

    def _adoptable(self, worker: str) -> set[AttemptKey] | None:
        """Return the attempts that somebody may go on with, None if that cannot be known."""
        try:
            return LeaseKeeper(self._redis, worker=worker, held=list).adoptable_attempts()
        except (RedisError, OSError) as error:
            logger.warning("leftovers of jobs are not removed yet", error=str(error))
            return None

    def close(self) -> None:
        """End every run and release what is held."""
        self._runtime.close()
        self._events.close()
        self._redis.close()


def stored_secrets_of(settings: WorkerSettings, variables: WorkerVariables) -> StoredSecrets:
    """Return where a worker gets the secrets from that users have stored."""
    url, token = settings.api_url, settings.api_token
    if url is None or token is None:
        return NoStoredSecrets()
    return SecretsOfAPI(OperationAPI(url, token, ca_file=variables.ca_file), worker=settings.name)


class _Teller:
    """Turns what is heard of a run into live events, and remembers its handle."""

    def __init__(self, events: EventStream, request: RunRequest, *, attachable: AttachableRuns) -> None:
        self._events = events
        self._request = request
        self._attachable = attachable

    def progress(self, fraction: float, message: str) -> None:
        """Tell the latest progress."""
        self._tell(EventType.PROGRESS, progress_data(fraction, message))

    def log(self, lines: Sequence[str]) -> None:
        """Tell a batch of log lines."""
        self._tell(EventType.LOG, {"lines": list(lines)})

    def attachable(self, handle: RunHandle) -> None:
        """Leave the handle where the worker asks for it."""
        self._attachable.add(self._request.key, handle)

    def _tell(self, type_: EventType, data: dict[str, object]) -> None:
        told = {"attempt": self._request.attempt, **data}
        self._events.tell(
            StreamEntry(
                job_id=self._request.job_id,
                uid=self._request.uid,
                owner_id=self._request.owner_id,
                type=type_,
                data=orjson.dumps(told).decode(),
                at=datetime.now(UTC),
            )
        )
