"""The container runtime: a locked-down container for every job, or for every plugin that serves."""

from __future__ import annotations

import time
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog
from docker.errors import NotFound

from analysis_server.runtimes.container import faults
from analysis_server.runtimes.container.attached_run import AttachedRun
from analysis_server.runtimes.container.creation import ContainerCreator
from analysis_server.runtimes.container.engine import ENGINE_FAULTS, Engine, ImageReferenceBad, inspect_image
from analysis_server.runtimes.container.folder import INPUTS_HOME, ContainerFolder, take_inputs
from analysis_server.runtimes.container.janitor import ContainerJanitor
from analysis_server.runtimes.container.kept_output import kept_at
from analysis_server.runtimes.container.kill import ContainerKiller
from analysis_server.runtimes.container.options import ContainerOptions
from analysis_server.runtimes.container.run import ContainerRun
from analysis_server.runtimes.container.server_connection import ContainerConnection
from analysis_server.runtimes.container.spare import ContainerSpare
from analysis_server.runtimes.container.starter import ContainerStarter
from analysis_server.runtimes.owned_folder import OwnedFolder
from analysis_server.runtimes.plugin_runtime import PluginRuntime, lost_elsewhere, swept
from analysis_server.runtimes.port import RunListener, RunRequest, RunResult
from analysis_server.runtimes.run.checkpoints import CHECKPOINTS, CheckpointStore
from analysis_server.runtimes.run.control import RunControl, StopReason
from analysis_server.runtimes.run.inputs import with_paths
from analysis_server.runtimes.run.verdict import failed
from analysis_server.runtimes.secrets.giving import SecretGiver
from analysis_server.runtimes.serving.connection import Sink
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.standby.limits import StandbyLimits
from analysis_server.runtimes.worker_variables import WorkerVariables
from satellite.contracts.identity import AttemptKey
from satellite.contracts.outcome import ErrorKind, JobError, StartKind
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.run_handle import RunHandle

logger = structlog.get_logger(__name__)


class ContainerRuntime(PluginRuntime[ContainerSpare]):
    """Runs each attempt in a container of its own, which is gone when its run has ended or soon after."""

    name = "container"

    def __init__(
        self,
        *,
        stack_id: str,
        files_dir: Path,
        options: ContainerOptions | None = None,
        variables: WorkerVariables | None = None,
        secrets: SecretGiver | None = None,
        servers: ServerLimits | None = None,
        standby: StandbyLimits | None = None,
    ) -> None:
        """Connect to nothing yet; an engine that is down shows as failed runs."""
        super().__init__(servers=servers, standby=standby)
        variables = variables or WorkerVariables()
        self._engine = Engine(variables.engine)
        creator = ContainerCreator(options or ContainerOptions())
        self._folders = OwnedFolder(files_dir / stack_id / "runs")
        self._secrets = secrets or SecretGiver(variables.secrets)
        self._checkpoints = CheckpointStore(files_dir / stack_id / CHECKPOINTS)
        self._starter = ContainerStarter(
            self._engine, creator, self._secrets, folders=self._folders, checkpoints=self._checkpoints
        )
        self._janitor = ContainerJanitor(self._engine, stack_id=stack_id, folders=self._folders)
        self._removers = ThreadPoolExecutor(4, thread_name_prefix="container-remover")
        self._kills = ThreadPoolExecutor(4, thread_name_prefix="container-kill")
        self._killer = ContainerKiller(self._engine, self._kills)

    def prepare(self, manifest: PluginManifest) -> JobError | None:
        """Check that the engine has the image."""
        try:
            with self._engine.client() as client:
                inspect_image(client, manifest.docker_image)
        except (ImageReferenceBad, *ENGINE_FAULTS) as error:
            return self.explain(error, manifest)
        return None

    def open_connection(self, request: RunRequest, *, stdout: Sink, stderr: Sink) -> ContainerConnection:
        """Start a container that serves any number of jobs."""
        return ContainerConnection(
            self._starter.start_server(request),
            engine=self._engine,
            killer=self._killer,
            janitor=self._janitor,
            stdout=stdout,
            stderr=stderr,
        )

    def explain(self, error: Exception, manifest: PluginManifest) -> JobError:
        """Tell why a container could not be run."""
        return faults.explain(error, manifest)

    def place(self) -> str | None:
        """Name the engine, if it keeps what containers write."""
        try:
            return self._engine.place()
        except ENGINE_FAULTS as error:
            logger.warning("engine not known yet", error=str(error))
            return None

    def sweep(self, live: AbstractSet[AttemptKey], adoptable: AbstractSet[AttemptKey] = frozenset()) -> int:
        """Remove the containers of attempts that nobody runs any more, nor will go on with."""
        here = self._runs.keys()
        self._secrets.sweep()
        # Here, and begun by a process that has died since, are those that were attached to.
        return swept(lambda: self._janitor.sweep({*live, *here}, {*adoptable, *here}), faults=ENGINE_FAULTS)

    def sweep_orphans(self, adoptable: AbstractSet[AttemptKey] | None = frozenset()) -> int:
        """Remove the containers that dead workers left behind and nobody will go on with."""
        self._secrets.sweep()
        return swept(lambda: self._janitor.sweep_orphans(adoptable), faults=ENGINE_FAULTS)

    def close(self) -> None:
        """Kill what runs, wait for removals under way, and close the connections."""
        super().close()
        self._kills.shutdown(wait=True)
        self._removers.shutdown(wait=True)
        self._folders.close()
        self._engine.close()
        self._secrets.close()

    def _run_once(
        self, request: RunRequest, listener: RunListener, control: RunControl, began: float
    ) -> RunResult:
        with self._engine.client() as client:
            spare = self._take_spare(request, control)
            request = with_paths(request, INPUTS_HOME)
            session = spare.session if spare else self._starter.start_for_job(client, request)
            try:
                if spare:
                    take_inputs(request, session.folder)
                    self._checkpoints.give(request, _checkpoints_of(session.folder))
                control.arm(self._killer.killing(session.container_id))
                if spare:
                    self._starter.hand_over(session, request)
                start = StartKind.STANDBY if spare else StartKind.COLD
                # A spare was started before its job was known, and is swept with the process that started it.
                place = None if spare else kept_at(self._engine.place(), request.manifest)
                run = ContainerRun(
                    request, listener=listener, control=control, session=session, start=start, place=place
                )
                result = run.converse(client, prepared_ms=(time.perf_counter() - began) * 1000)
                self._checkpoints.settle(request, result.status, _checkpoints_of(session.folder))
                return result
            finally:
                control.disarm()
                session.close()
                session.secrets.remove()
                self._discard(
                    session.container_id, session.folder, now=control.reason is StopReason.CANCELLED
                )

    def _attach(
        self, request: RunRequest, handle: RunHandle, listener: RunListener, control: RunControl
    ) -> RunResult:
        if (handle.runtime, handle.place) != (self.name, self._engine.place()):
            return lost_elsewhere()
        run = AttachedRun(request, handle, listener=listener, control=control, engine=self._engine)
        try:
            control.arm(self._killer.killing(handle.name))
            result = run.follow()
        except NotFound:
            return failed(ErrorKind.LOST, "The attempt was lost: its container is gone.")
        else:
            self._checkpoints.settle(request, result.status, _checkpoints_of(run.folder))
            return result
        finally:
            control.disarm()
            self._discard(handle.name, now=control.reason is StopReason.CANCELLED)

    def _discard(self, container_id: str, folder: ContainerFolder | None = None, *, now: bool) -> None:
        # A job is only called cancelled once its container is gone; all others need not wait for that.
        if now:
            self._janitor.remove(container_id, folder)
        else:
            self._removers.submit(self._janitor.remove, container_id, folder)

    def _start_spare(self, request: RunRequest) -> ContainerSpare:
        return ContainerSpare(self._starter.start_spare(request), self._janitor)


def _checkpoints_of(folder: ContainerFolder | None) -> Path | None:
    return None if folder is None else folder.checkpoints
