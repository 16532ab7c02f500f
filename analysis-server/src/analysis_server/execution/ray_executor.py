"""The executor as a Ray actor: one process for all slots, restarted by Ray when it dies."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Collection
from typing import Any

import ray
import structlog
from ray.exceptions import ActorUnavailableError, RayActorError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from analysis_server.execution.attachable_runs import Attachable
from analysis_server.execution.executor import ExecutorHealth, ExecutorLost, Look
from analysis_server.execution.executor_service import EVICTION_TIMEOUT_S, ExecutorService, ExecutorSetup
from analysis_server.runtimes.port import RunRequest, RunResult
from analysis_server.runtimes.residents import Eviction, ResidentKey, SpareAllowance
from analysis_server.settings import RaySettings
from satellite.contracts.identity import AttemptKey
from satellite.contracts.run_handle import RunHandle
from satellite.settings.log_lines import configure_logging

CONTROL_THREADS = 4
START_TIMEOUT_S = 90
SWEEP_TIMEOUT_S = 60
LOOK_TIMEOUT_S = 5.0
LOOK_AGAIN_S = 0.2
CLOSE_TIMEOUT_S = 20
EVICTION_WAIT_S = EVICTION_TIMEOUT_S + 4

logger = structlog.get_logger(__name__)


class PluginExecutorActor:
    """Runs plugins inside a Ray actor process; calls come in on threads of two groups, run and control."""

    def __init__(self, setup: bytes) -> None:
        """Make the runtime in this process; `setup` is a pickled `ExecutorSetup`."""
        # By value: the environment of this process is that of whoever started Ray. Ray shows variables of a
        # `runtime_env` to all who may look at its state, arguments to nobody.
        made: ExecutorSetup = pickle.loads(setup)  # noqa: S301
        configure_logging(made.log)
        self._service = ExecutorService.of(made)

    @ray.method(concurrency_group="run")
    def run(self, request: bytes) -> bytes:
        """Run one attempt; a pickled `RunRequest` in, a pickled `RunResult` out."""
        # The bytes come from our own worker over Ray's authenticated channel.
        return pickle.dumps(self._service.run(pickle.loads(request)))  # noqa: S301

    @ray.method(concurrency_group="run")
    def attach(self, run: bytes) -> bytes:
        """Go on with a run; a pickled `RunRequest` and `RunHandle` in, a pickled `RunResult` out."""
        return pickle.dumps(self._service.attach(*pickle.loads(run)))  # noqa: S301

    @ray.method(concurrency_group="control")
    def attachable(self) -> bytes:
        """Tell what can be attached to, as a pickled `Attachable`."""
        return pickle.dumps(self._service.attachable())

    @ray.method(concurrency_group="control")
    def cancel(self, key: AttemptKey) -> bool:
        """Ask for the end of a run."""
        return self._service.cancel(key)

    @ray.method(concurrency_group="control")
    def stop_all(self, reason: str) -> int:
        """Ask for the end of every run."""
        return self._service.stop_all(reason)

    @ray.method(concurrency_group="control")
    def sweep(self, live: list[AttemptKey], adoptable: list[AttemptKey]) -> int:
        """Remove what belongs neither to `live` nor to `adoptable` attempts."""
        return self._service.sweep(live, adoptable)

    @ray.method(concurrency_group="control")
    def evict(self, eviction: bytes) -> bytes:
        """End what a pickled `Eviction` tells of; the keys of which nothing is left come back pickled."""
        return pickle.dumps(self._service.evict(pickle.loads(eviction)))  # noqa: S301

    @ray.method(concurrency_group="control")
    def look(self, allowance: bytes) -> bytes:
        """Tell what is there; a pickled `SpareAllowance` in, a pickled `Residents` out."""
        return pickle.dumps(self._service.residents(pickle.loads(allowance)))  # noqa: S301

    @ray.method(concurrency_group="control")
    def close(self) -> None:
        """End every run."""
        self._service.close()


class RayExecutor:
    """A `PluginExecutor` whose work is done by one actor, owned by this process and gone with it."""

    def __init__(self, setup: ExecutorSetup, ray_settings: RaySettings) -> None:
        """Connect to Ray and start the actor; returns once it answers."""
        if ray_settings.address is None:
            # Ray would start one with all that it has; `python -m analysis_server` starts a small one before.
            raise ValueError(
                "SATELLITE_RAY_ADDRESS is not set; use `python -m analysis_server`, or name a Ray"
            )
        ray.init(
            address=ray_settings.address,
            namespace=ray_settings.namespace,
            log_to_driver=False,
            configure_logging=False,
            ignore_reinit_error=True,
        )
        # Ray's own annotations know no concurrency groups.
        remote: Any = ray.remote
        actor_class = remote(
            # Admission is the worker's ledger: an actor would hold resources for life.
            num_cpus=0,
            max_restarts=-1,
            max_task_retries=0,
            scheduling_strategy=_here(),
            concurrency_groups={
                # With all slots taken it may still adopt as many runs as it has slots.
                "run": 2 * setup.settings.slots + setup.settings.batch_seats,
                "control": CONTROL_THREADS,
            },
        )(PluginExecutorActor)
        self._actor = actor_class.remote(pickle.dumps(setup))
        self._sweeping = threading.Lock()
        self._is_up = threading.Event()
        ray.get(self._actor.look.remote(pickle.dumps(None)), timeout=START_TIMEOUT_S)
        self._is_up.set()

    def run(self, request: RunRequest) -> RunResult:
        """Run one attempt to its end; waits while Ray is restarting the actor."""
        return self._result_of(self._actor.run, request)

    def attach(self, request: RunRequest, handle: RunHandle) -> RunResult:
        """Go on with a run to its end; waits while Ray is restarting the actor."""
        return self._result_of(self._actor.attach, (request, handle))

    def attachable(self) -> Attachable:
        """Tell what can be attached to; nothing while the actor does not answer."""
        try:
            answer = ray.get(self._actor.attachable.remote(), timeout=LOOK_TIMEOUT_S)
        except (RayError, OSError) as error:
            logger.warning("handles of runs are not known", error=str(error))
            return Attachable()
        return pickle.loads(answer)  # type: ignore[no-any-return]  # noqa: S301  # Our own actor's.

    def _result_of(self, method: Any, argument: object) -> RunResult:
        if not self._is_up.is_set():
            self._wait_until_up()
        try:
            answer = ray.get(method.remote(pickle.dumps(argument)))
        except RayActorError as error:
            self._is_up.clear()
            raise ExecutorLost from error
        return pickle.loads(answer)  # type: ignore[no-any-return]  # noqa: S301  # Our own actor's.

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._is_up.is_set():
            if self.look(None, timeout_s=LOOK_TIMEOUT_S).health is ExecutorHealth.WELL:
                self._is_up.set()
                return
            if time.monotonic() > deadline:
                raise ExecutorLost("The executor process did not come back.")
            time.sleep(LOOK_AGAIN_S)

    def cancel(self, key: AttemptKey) -> None:
        """Ask for the end of a run."""
        try:
            self._actor.cancel.remote(key)
        except RayError as error:
            logger.warning("a run is not asked to end", attempt=key, error=str(error))

    def stop_all(self, reason: str) -> None:
        """Ask for the end of every run."""
        try:
            self._actor.stop_all.remote(reason)
        except RayError as error:
            logger.warning("runs are not asked to end", error=str(error))

    def sweep(self, live: Collection[AttemptKey], adoptable: Collection[AttemptKey] = ()) -> int:
        """Remove what belongs neither to `live` nor to `adoptable` attempts; 0 when the actor is away."""
        with self._sweeping:
            try:
                swept = self._actor.sweep.remote(list(live), list(adoptable))
                return int(ray.get(swept, timeout=SWEEP_TIMEOUT_S))
            except (RayError, OSError) as error:
                logger.warning("sweep failed", error=str(error))
                return 0

    def evict(self, eviction: Eviction) -> Collection[ResidentKey]:
        """End idle servers and spares; none is known to be gone while the actor does not answer."""
        try:
            answer = ray.get(self._actor.evict.remote(pickle.dumps(eviction)), timeout=EVICTION_WAIT_S)
        except (RayError, OSError) as error:
            logger.warning("nothing evicted", error=str(error))
            return ()
        return pickle.loads(answer)  # type: ignore[no-any-return]  # noqa: S301  # Our own actor's.

    def look(self, allowance: SpareAllowance | None, *, timeout_s: float) -> Look:
        """Tell whether the actor answers, or Ray is replacing it, and what is there."""
        try:
            answer = ray.get(self._actor.look.remote(pickle.dumps(allowance)), timeout=timeout_s)
        except ActorUnavailableError:
            return Look(health=ExecutorHealth.RESTARTING)
        except (RayError, OSError):
            return Look(health=ExecutorHealth.SILENT)
        return Look(health=ExecutorHealth.WELL, residents=pickle.loads(answer))  # noqa: S301  # Our own.

    def close(self) -> None:
        """End every run, the actor and the connection."""
        try:
            ray.get(self._actor.close.remote(), timeout=CLOSE_TIMEOUT_S)
        except (RayError, OSError) as error:
            logger.warning("executor did not close", error=str(error))
        ray.kill(self._actor)
        ray.shutdown()


def _here() -> NodeAffinitySchedulingStrategy:
    """Return that the actor is to be on this worker's node, whose plugins, files and engine are meant.

    An actor that asks for no resources would be put on any node.
    """
    return NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
