"""The process runtime: a plugin as a process of this machine, limited but NOT isolated.

It is for machines without a container engine. A plugin sees the file system and the network of the worker.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Set as AbstractSet
from pathlib import Path

import structlog

from analysis_server.models.plugin_environment import EnvironmentNotMade, PluginEnvironments
from analysis_server.models.plugin_source import PluginSourceMissing, PluginSources
from analysis_server.runtimes.plugin_input import InputTooLong, PluginSecrets, SecretMissing, job_arguments
from analysis_server.runtimes.port import AttemptKey, RunListener, RunRequest, RunResult, RunStatus
from analysis_server.runtimes.process_command import limited_command, plugin_command, plugin_variables
from analysis_server.runtimes.process_janitor import ProcessJanitor
from analysis_server.runtimes.process_run import ProcessRun
from analysis_server.runtimes.process_tree import ProcessTable
from analysis_server.runtimes.run_control import ActiveRuns, RunControl
from analysis_server.runtimes.verdict import failed
from satellite.contracts.outcome import ErrorKind, JobError
from satellite.contracts.plugin_manifest import PluginManifest

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
    ) -> None:
        """Keep environments and run folders under `state_dir`; find plugins in `plugin_dir`."""
        self._stack_id = stack_id
        self._run_folders = state_dir / "runs"
        self._sources = PluginSources(plugin_dir)
        self._environments = PluginEnvironments(state_dir / "environments", uv=uv)
        self._secrets = secrets or PluginSecrets()
        self._runs = ActiveRuns()
        self._table = ProcessTable()
        self._janitor = ProcessJanitor(stack_id=stack_id, run_folders=self._run_folders)

    def prepare(self, manifest: PluginManifest) -> JobError | None:
        """Make the plugin's environment."""
        try:
            self._environments.ensure(self._sources.get(manifest, digest=manifest.digest()))
        except (PluginSourceMissing, EnvironmentNotMade) as error:
            return JobError(kind=ErrorKind.IMAGE, message=str(error))
        return None

    def run(self, request: RunRequest, listener: RunListener) -> RunResult:
        """Run one attempt in a fresh process and an empty folder."""
        began = time.perf_counter()
        with self._runs.enter(request.key) as control:
            try:
                return self._run(request, listener, control, began)
            except (PluginSourceMissing, EnvironmentNotMade) as error:
                return failed(ErrorKind.IMAGE, str(error))
            except (InputTooLong, SecretMissing) as refusal:
                return failed(refusal.kind, str(refusal))
            except Exception as error:
                logger.exception("process run failed", job_id=request.job_id, attempt=request.attempt)
                return failed(ErrorKind.INTERNAL, f"The process runtime failed: {error}")

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

    def _run(
        self, request: RunRequest, listener: RunListener, control: RunControl, began: float
    ) -> RunResult:
        source = self._sources.get(request.manifest, digest=request.plugin_digest)
        environment = self._environments.ensure(source)
        secrets = self._secrets.values(request.manifest)
        command = plugin_command(request.manifest, source=source, environment=environment)
        command += job_arguments(request) or []
        if control.reason is not None:
            return RunResult(status=RunStatus.CANCELLED)
        marker = f"{self._stack_id}:{request.job_id}:{request.attempt}:{os.getpid()}"
        self._run_folders.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{request.job_id}-{request.attempt}-", dir=self._run_folders))
        try:
            return ProcessRun(request, listener=listener, control=control, table=self._table).converse(
                limited_command(command, request.manifest),
                variables=plugin_variables(
                    request,
                    source=source,
                    environment=environment,
                    folder=folder,
                    secrets=secrets,
                    marker=marker,
                ),
                folder=folder,
                marker=marker,
                began=began,
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)
