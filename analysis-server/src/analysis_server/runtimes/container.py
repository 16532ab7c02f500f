"""The container runtime: a fresh, locked-down container for every job."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor

import structlog
from docker import APIClient
from docker.errors import ImageNotFound

from analysis_server.runtimes.container_faults import engine_fault, image_missing
from analysis_server.runtimes.container_janitor import ContainerJanitor
from analysis_server.runtimes.container_kill import ContainerKiller
from analysis_server.runtimes.container_link import ContainerLink, explain_start
from analysis_server.runtimes.container_run import ContainerRun
from analysis_server.runtimes.container_session import ContainerSession, open_session
from analysis_server.runtimes.container_spare import ContainerSpare
from analysis_server.runtimes.container_template import container_config, job_labels, owned_labels
from analysis_server.runtimes.engine import ENGINE_FAULTS, Engine, inspect_image
from analysis_server.runtimes.owner import owner_label
from analysis_server.runtimes.plugin_input import InputTooLong, PluginSecrets, SecretMissing, job_arguments
from analysis_server.runtimes.port import AttemptKey, RunListener, RunRequest, RunResult, RunStatus
from analysis_server.runtimes.run_control import ActiveRuns, RunControl, StopReason
from analysis_server.runtimes.serving.fleet import ServerFleet
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.serving.link import MODE_VARIABLE, Sink
from analysis_server.runtimes.standby.pool import StandbyPool
from analysis_server.runtimes.standby.shelf import StandbyLimits
from analysis_server.runtimes.verdict import failed
from satellite.contracts.outcome import ErrorKind, JobError, StartKind
from satellite.contracts.plugin_manifest import PluginManifest, PluginMode

logger = structlog.get_logger(__name__)

CLOSE_TIMEOUT_S = 15.0


class ContainerRuntime:
    """Runs each attempt in a container of its own, which is gone when `run` returns or soon after."""

    name = "container"

    def __init__(
        self,
        *,
        stack_id: str,
        secrets: PluginSecrets | None = None,
        servers: ServerLimits | None = None,
        standby: StandbyLimits | None = None,
    ) -> None:
        """Connect to nothing yet; an engine that is down shows as failed runs."""
        self._engine = Engine()
        self._secrets = secrets or PluginSecrets()
        self._runs = ActiveRuns()
        self._janitor = ContainerJanitor(self._engine, stack_id=stack_id)
        # The engine starts containers one after the other anyway; more at once only wait in its queue.
        self._starts = threading.BoundedSemaphore(max(2, os.cpu_count() or 2))
        self._removers = ThreadPoolExecutor(4, thread_name_prefix="container-remover")
        self._kills = ThreadPoolExecutor(4, thread_name_prefix="container-kill")
        self._killer = ContainerKiller(self._engine, self._kills)
        self._fleet = ServerFleet(self, servers)
        self._standby = StandbyPool(self._start_spare, standby)

    def prepare(self, manifest: PluginManifest) -> JobError | None:
        """Check that the engine has the image."""
        try:
            with self._engine.client() as client:
                inspect_image(client, manifest.docker_image)
        except ImageNotFound:
            return image_missing(manifest)
        except ENGINE_FAULTS as error:
            return engine_fault(error)
        return None

    def run(self, request: RunRequest, listener: RunListener) -> RunResult:
        """Run one attempt, in a fresh container or in its plugin's server."""
        began = time.perf_counter()
        with self._runs.enter(request.key) as control:
            try:
                if request.manifest.mode is PluginMode.SERVER:
                    return self._fleet.run(request, listener, control)
                return self._run(request, listener, control, began)
            except (InputTooLong, SecretMissing) as refusal:
                return failed(refusal.kind, str(refusal))
            except ImageNotFound:
                return RunResult(status=RunStatus.FAILED, error=image_missing(request.manifest))
            except ENGINE_FAULTS as error:
                return RunResult(status=RunStatus.FAILED, error=engine_fault(error))
            except Exception as error:
                logger.exception("container run failed", job_id=request.job_id, attempt=request.attempt)
                return failed(ErrorKind.INTERNAL, f"The container runtime failed: {error}")

    def open_link(self, request: RunRequest, *, stdout: Sink, stderr: Sink) -> ContainerLink:
        """Start a container that serves any number of jobs."""
        variables = {**self._variables(request.manifest), MODE_VARIABLE: "server"}
        labels = owned_labels(request, owner=owner_label(), role="server")
        config = container_config(
            request.manifest, labels=labels, environment=variables, gpu_ids=request.gpu_ids
        )
        with self._starts, self._engine.client() as client:
            session = open_session(client, config)
        return ContainerLink(
            session,
            engine=self._engine,
            killer=self._killer,
            janitor=self._janitor,
            stdout=stdout,
            stderr=stderr,
        )

    def explain(self, error: Exception, manifest: PluginManifest) -> JobError:
        """Tell why a server could not be started."""
        return explain_start(error, manifest)

    def loaded(self) -> list[str]:
        """Return the plugins whose servers are ready."""
        return self._fleet.loaded()

    def spares(self) -> int:
        """Return how many containers are on standby."""
        return self._standby.waiting()

    def cancel(self, job_id: int, attempt: int) -> bool:
        """Kill the attempt's container, or keep it from being started."""
        return self._runs.cancel((job_id, attempt))

    def stop_all(self, reason: str) -> int:
        """Kill every container of this runtime."""
        count = self._runs.stop_all()
        logger.info("containers stopped", count=count, reason=reason)
        return count

    def sweep(self, live: AbstractSet[AttemptKey]) -> int:
        """Remove the containers of attempts that nobody runs any more."""
        try:
            return self._janitor.sweep({*live, *self._runs.keys()})
        except ENGINE_FAULTS as error:
            logger.warning("sweep failed", error=str(error))
            return 0

    def close(self) -> None:
        """Kill what runs, wait for removals under way, and close the connections."""
        self._runs.stop_all()
        self._runs.wait_until_idle(CLOSE_TIMEOUT_S)
        self._fleet.close()
        self._standby.close()
        self._kills.shutdown(wait=True)
        self._removers.shutdown(wait=True)
        self._engine.close()

    def _run(
        self, request: RunRequest, listener: RunListener, control: RunControl, began: float
    ) -> RunResult:
        if control.reason is not None:
            return RunResult(status=RunStatus.CANCELLED)
        with self._engine.client() as client:
            spare = self._standby.take(request)
            session = spare.session if spare else self._start(client, request)
            try:
                control.arm(self._killer.killing(session.container_id))
                start = StartKind.STANDBY if spare else StartKind.COLD
                run = ContainerRun(request, listener=listener, control=control, session=session, start=start)
                return run.converse(client, prepared_ms=(time.perf_counter() - began) * 1000)
            finally:
                control.disarm()
                session.close()
                self._discard(session, now=control.reason is StopReason.CANCELLED)

    def _discard(self, session: ContainerSession, *, now: bool) -> None:
        # A job is only called cancelled once its container is gone; all others need not wait for that.
        if now:
            self._janitor.remove(session.container_id)
        else:
            self._removers.submit(self._janitor.remove, session.container_id)

    def _start(self, client: APIClient, request: RunRequest) -> ContainerSession:
        arguments = job_arguments(request)
        if arguments is not None and request.manifest.command is None:
            arguments = self._image_command(client, request.manifest) + arguments
        config = container_config(
            request.manifest,
            labels=job_labels(request, owner=owner_label()),
            environment=self._variables(request.manifest),
            gpu_ids=request.gpu_ids,
            arguments=arguments,
        )
        with self._starts:
            return open_session(client, config)

    def _start_spare(self, request: RunRequest) -> ContainerSpare:
        config = container_config(
            request.manifest,
            labels=owned_labels(request, owner=owner_label(), role="standby"),
            environment=self._variables(request.manifest),
            gpu_ids=request.gpu_ids,
        )
        with self._starts, self._engine.client() as client:
            return ContainerSpare(open_session(client, config), self._janitor)

    def _variables(self, manifest: PluginManifest) -> dict[str, str]:
        return {**manifest.env, **self._secrets.values(manifest)}

    @staticmethod
    def _image_command(client: APIClient, manifest: PluginManifest) -> list[str]:
        # An argument replaces the image's CMD; an image without an entrypoint is run by its CMD.
        config = inspect_image(client, manifest.docker_image)["Config"]
        return [] if config.get("Entrypoint") else list(config.get("Cmd") or [])
