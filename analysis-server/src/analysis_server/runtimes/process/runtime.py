"""The process runtime: a plugin as a process of this machine, fenced as far as it goes but NOT isolated.

It is for machines without a container engine; `sandbox.py` says what is fenced and what is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

import structlog

from analysis_server.runtimes.plugin_runtime import PluginRuntime
from analysis_server.runtimes.port import RunListener, RunRequest, RunResult
from analysis_server.runtimes.process.environment import EnvironmentNotMade, Environments, PluginEnvironments
from analysis_server.runtimes.process.guard import ProcessGuard
from analysis_server.runtimes.process.janitor import ProcessJanitor
from analysis_server.runtimes.process.mark import RunMarks, owner_mark
from analysis_server.runtimes.process.program import ProgramUnfit
from analysis_server.runtimes.process.run import ProcessRun
from analysis_server.runtimes.process.run_folders import RunFolders
from analysis_server.runtimes.process.sandbox import ProcessSandbox
from analysis_server.runtimes.process.server_connection import ProcessConnection
from analysis_server.runtimes.process.source import PluginSourceMissing, PluginSources
from analysis_server.runtimes.process.spare import ProcessSpare
from analysis_server.runtimes.process.starter import ProcessStarter
from analysis_server.runtimes.run.checkpoints import CHECKPOINTS, CheckpointStore
from analysis_server.runtimes.run.control import RunControl
from analysis_server.runtimes.run.inputs import move_inputs, with_paths
from analysis_server.runtimes.run.model_files import ModelChanged
from analysis_server.runtimes.run.plugin_input import InputTooLong
from analysis_server.runtimes.run.verdict import cannot_run
from analysis_server.runtimes.secrets.errors import SecretsNotGiven
from analysis_server.runtimes.secrets.giving import SecretGiver
from analysis_server.runtimes.serving.connection import Sink
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.standby.limits import StandbyLimits
from analysis_server.runtimes.worker_variables import WorkerVariables
from satellite.contracts.identity import AttemptKey
from satellite.contracts.outcome import ErrorKind, JobError, StartKind
from satellite.contracts.plugin_manifest import PluginManifest

logger = structlog.get_logger(__name__)


class ProcessRuntime(PluginRuntime[ProcessSpare]):
    """Runs each attempt as a process tree of its own, which has ended when `run` returns."""

    name = "process"

    def __init__(
        self,
        *,
        stack_id: str,
        state_dir: Path,
        plugin_dirs: Sequence[Path],
        uv: str | None = None,
        variables: WorkerVariables | None = None,
        secrets: SecretGiver | None = None,
        sandbox: ProcessSandbox | None = None,
        environments: Environments | None = None,
        servers: ServerLimits | None = None,
        standby: StandbyLimits | None = None,
    ) -> None:
        """Keep environments and run folders under `state_dir`; find plugins in `plugin_dirs`."""
        super().__init__(servers=servers, standby=standby)
        variables = variables or WorkerVariables()
        self._secrets = secrets or SecretGiver(variables.secrets)
        folders = self._folders = RunFolders(state_dir / "runs")
        owner = owner_mark(stack_id, folders.owner)
        self._sources = PluginSources(plugin_dirs)
        self._environments = environments or PluginEnvironments(
            state_dir / "environments", uv=uv, variables=variables.uv
        )
        self._janitor = ProcessJanitor(stack_id=stack_id, folders=folders)
        self._guard = ProcessGuard(owner)
        self._checkpoints = CheckpointStore(state_dir / CHECKPOINTS)
        self._starter = ProcessStarter(
            marks=RunMarks(owner),
            folders=folders,
            sources=self._sources,
            environments=self._environments,
            secrets=self._secrets,
            sandbox=sandbox or ProcessSandbox.detect(),
            checkpoints=self._checkpoints,
        )

    def prepare(self, manifest: PluginManifest) -> JobError | None:
        """Make the plugin's environment."""
        try:
            self._environments.ensure(self._sources.get(manifest, digest=manifest.digest()))
        except (PluginSourceMissing, EnvironmentNotMade) as error:
            return JobError(kind=ErrorKind.IMAGE, message=str(error))
        return None

    def open_connection(self, request: RunRequest, *, stdout: Sink, stderr: Sink) -> ProcessConnection:
        """Start a process that serves any number of jobs."""
        return ProcessConnection(
            self._starter.start_server(request),
            memory_bytes=request.manifest.resources.memory_mib * 1024 * 1024,
            stdout=stdout,
            stderr=stderr,
        )

    def explain(self, error: Exception, manifest: PluginManifest) -> JobError:
        """Tell why a process could not be started."""
        if isinstance(error, PluginSourceMissing | EnvironmentNotMade):
            return JobError(kind=ErrorKind.IMAGE, message=str(error))
        if isinstance(error, ModelChanged):
            return JobError(kind=ErrorKind.INTERNAL, message=str(error))
        if isinstance(error, ProgramUnfit):
            return cannot_run(manifest, str(error))
        if isinstance(error, InputTooLong | SecretsNotGiven):
            return JobError(kind=error.kind, message=str(error))
        logger.error("process not run", plugin=manifest.name, exc_info=error)
        return JobError(kind=ErrorKind.INTERNAL, message=f"The process runtime failed: {error}")

    def sweep(self, live: AbstractSet[AttemptKey], adoptable: AbstractSet[AttemptKey] = frozenset()) -> int:
        """Kill the processes and remove the folders that dead workers of this stack left behind."""
        del adoptable
        self._secrets.sweep()
        return self._janitor.sweep({*live, *self._runs.keys()})

    def sweep_orphans(self, adoptable: AbstractSet[AttemptKey] | None = frozenset()) -> int:
        """Kill the processes and remove the folders of workers that died: none of them can be attached to."""
        del adoptable
        self._secrets.sweep()
        return self._janitor.sweep(None)

    def close(self) -> None:
        """End everything, and let the guard look for what was overlooked."""
        super().close()
        self._guard.close()
        self._folders.close()
        self._secrets.close()

    def _start_spare(self, request: RunRequest) -> ProcessSpare:
        return self._starter.start_spare(request)

    def _run_once(
        self, request: RunRequest, listener: RunListener, control: RunControl, began: float
    ) -> RunResult:
        spare = self._take_spare(request, control)
        start = StartKind.STANDBY if spare else StartKind.COLD
        spare = self._starter.hand_over(spare, request) if spare else self._starter.start_for_job(request)
        try:
            if start is StartKind.STANDBY:
                move_inputs(request, spare.inputs)
                self._checkpoints.give(request, spare.checkpoints)
            request = with_paths(request, spare.inputs)
            run = ProcessRun(request, listener=listener, control=control, mask=spare.secrets.mask())
            result = run.converse(spare, began=began, start=start)
            self._checkpoints.settle(request, result.status, spare.checkpoints)
            return result
        finally:
            spare.remove_folder()
