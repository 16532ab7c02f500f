"""The process runtime: a plugin as a process of this machine, limited but NOT isolated.

It is for machines without a container engine. A plugin sees the file system and the network of the worker.
"""

from __future__ import annotations

import time
from collections.abc import Set as AbstractSet
from pathlib import Path

import structlog

from analysis_server.models.plugin_environment import EnvironmentNotMade, PluginEnvironments
from analysis_server.models.plugin_source import PluginSourceMissing, PluginSources
from analysis_server.runtimes.plugin_input import InputTooLong, PluginSecrets, SecretMissing
from analysis_server.runtimes.port import AttemptKey, RunListener, RunRequest, RunResult, RunStatus
from analysis_server.runtimes.process_janitor import ProcessJanitor
from analysis_server.runtimes.process_link import ProcessLink
from analysis_server.runtimes.process_run import ProcessRun
from analysis_server.runtimes.process_starter import ProcessStarter
from analysis_server.runtimes.run_control import ActiveRuns, RunControl
from analysis_server.runtimes.serving.fleet import ServerFleet
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.serving.link import Sink
from analysis_server.runtimes.standby.pool import StandbyPool
from analysis_server.runtimes.standby.shelf import StandbyLimits
from satellite.contracts.outcome import ErrorKind, JobError, StartKind
from satellite.contracts.plugin_manifest import PluginManifest, PluginMode

logger = structlog.get_logger(__name__)

CLOSE_TIMEOUT_S = 15.0


class ProcessRuntime:
    """Runs each attempt as a process tree of its own, which has ended when `run` returns."""

    name = "process"

    def __init__(
        self,
        *,
        stack_id: str,
        state_dir: Path,
        plugin_dir: Path | None,
        uv: str | None = None,
        secrets: PluginSecrets | None = None,
        servers: ServerLimits | None = None,
        standby: StandbyLimits | None = None,
    ) -> None:
        """Keep environments and run folders under `state_dir`; find plugins in `plugin_dir`."""
        run_folders = state_dir / "runs"
        self._sources = PluginSources(plugin_dir)
        self._environments = PluginEnvironments(state_dir / "environments", uv=uv)
        self._runs = ActiveRuns()
        self._janitor = ProcessJanitor(stack_id=stack_id, run_folders=run_folders)
        self._starter = ProcessStarter(
            stack_id=stack_id,
            run_folders=run_folders,
            sources=self._sources,
            environments=self._environments,
            secrets=secrets or PluginSecrets(),
        )
        self._fleet = ServerFleet(self, servers)
        self._standby = StandbyPool(self._starter.start_owned, standby)

    def prepare(self, manifest: PluginManifest) -> JobError | None:
        """Make the plugin's environment."""
        try:
            self._environments.ensure(self._sources.get(manifest, digest=manifest.digest()))
        except (PluginSourceMissing, EnvironmentNotMade) as error:
            return JobError(kind=ErrorKind.IMAGE, message=str(error))
        return None

    def run(self, request: RunRequest, listener: RunListener) -> RunResult:
        """Run one attempt, in a fresh process with an empty folder or in its plugin's server."""
        began = time.perf_counter()
        with self._runs.enter(request.key) as control:
            try:
                if request.manifest.mode is PluginMode.SERVER:
                    return self._fleet.run(request, listener, control)
                return self._run(request, listener, control, began)
            except Exception as error:  # noqa: BLE001 - what it means is told in one place
                return RunResult(status=RunStatus.FAILED, error=self.explain(error, request.manifest))

    def open_link(self, request: RunRequest, *, stdout: Sink, stderr: Sink) -> ProcessLink:
        """Start a process that serves any number of jobs."""
        return ProcessLink(
            self._starter.start_owned(request),
            memory_bytes=request.manifest.resources.memory_mib * 1024 * 1024,
            stdout=stdout,
            stderr=stderr,
        )

    def explain(self, error: Exception, manifest: PluginManifest) -> JobError:
        """Tell why a process could not be started."""
        if isinstance(error, PluginSourceMissing | EnvironmentNotMade):
            return JobError(kind=ErrorKind.IMAGE, message=str(error))
        if isinstance(error, InputTooLong | SecretMissing):
            return JobError(kind=error.kind, message=str(error))
        logger.error("process not run", plugin=manifest.name, exc_info=error)
        return JobError(kind=ErrorKind.INTERNAL, message=f"The process runtime failed: {error}")

    def loaded(self) -> list[str]:
        """Return the plugins whose servers are ready."""
        return self._fleet.loaded()

    def spares(self) -> int:
        """Return how many processes are on standby."""
        return self._standby.waiting()

    def cancel(self, job_id: int, attempt: int) -> bool:
        """Kill the attempt's processes, or keep them from being started."""
        return self._runs.cancel((job_id, attempt))

    def stop_all(self, reason: str) -> int:
        """Kill the processes of every run."""
        count = self._runs.stop_all()
        logger.info("processes stopped", count=count, reason=reason)
        return count

    def sweep(self, live: AbstractSet[AttemptKey]) -> int:
        """Kill the processes and remove the folders that dead workers of this stack left behind."""
        return self._janitor.sweep({*live, *self._runs.keys()})

    def close(self) -> None:
        """Kill what runs and wait for it."""
        self._runs.stop_all()
        self._runs.wait_until_idle(CLOSE_TIMEOUT_S)
        self._fleet.close()
        self._standby.close()

    def _run(
        self, request: RunRequest, listener: RunListener, control: RunControl, began: float
    ) -> RunResult:
        if control.reason is not None:
            return RunResult(status=RunStatus.CANCELLED)
        spare = self._standby.take(request)
        start = StartKind.STANDBY if spare else StartKind.COLD
        spare = spare or self._starter.start_for_job(request)
        try:
            run = ProcessRun(request, listener=listener, control=control)
            return run.converse(spare, began=began, start=start)
        finally:
            spare.remove_folder()
