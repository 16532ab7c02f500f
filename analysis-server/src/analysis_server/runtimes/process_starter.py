"""Starts processes: for one job, as a server, or on standby."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from pathlib import Path

from analysis_server.models.plugin_environment import PluginEnvironments
from analysis_server.models.plugin_source import PluginSources
from analysis_server.runtimes.plugin_input import PluginSecrets, job_arguments
from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.process_command import (
    APP,
    limited_command,
    make_places,
    plugin_command,
    plugin_variables,
)
from analysis_server.runtimes.process_janitor import job_marker, owned_folder_prefix, owned_marker
from analysis_server.runtimes.process_spare import ProcessSpare
from analysis_server.runtimes.process_start import StartedProcess
from analysis_server.runtimes.process_tree import ProcessTable, ProcessTree
from analysis_server.runtimes.serving.link import MARKS_VARIABLE, MODE_VARIABLE
from satellite.contracts.plugin_manifest import PluginMode


class ProcessStarter:
    """Starts plugins in their own environments, each in an empty folder and under limits."""

    def __init__(
        self,
        *,
        stack_id: str,
        run_folders: Path,
        sources: PluginSources,
        environments: PluginEnvironments,
        secrets: PluginSecrets,
    ) -> None:
        """Take where plugins, their environments and their secrets are found."""
        self._stack_id = stack_id
        self._run_folders = run_folders
        self._sources = sources
        self._environments = environments
        self._secrets = secrets
        self._table = ProcessTable()
        self._numbers = itertools.count(1)

    def start_for_job(self, request: RunRequest) -> ProcessSpare:
        """Start a process that belongs to one attempt."""
        marker = job_marker(self._stack_id, request.key)
        return self._start(request, marker=marker, folder_prefix=f"{request.job_id}-{request.attempt}-")

    def start_owned(self, request: RunRequest) -> ProcessSpare:
        """Start a process that serves, or waits for its job, as long as its worker lives."""
        marker = owned_marker(self._stack_id, next(self._numbers))
        return self._start(request, marker=marker, folder_prefix=owned_folder_prefix())

    def _start(self, request: RunRequest, *, marker: str, folder_prefix: str) -> ProcessSpare:
        self._run_folders.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=folder_prefix, dir=self._run_folders))
        try:
            command, variables = self._command(request, folder=folder, marker=marker)
            started = StartedProcess(command, folder=folder / APP, variables=variables)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        tree = ProcessTree(started.pid, marker=marker, table=self._table)
        return ProcessSpare(started, tree=tree, folder=folder)

    def _command(self, request: RunRequest, *, folder: Path, marker: str) -> tuple[list[str], dict[str, str]]:
        manifest = request.manifest
        source = self._sources.get(manifest, digest=request.plugin_digest)
        environment = self._environments.ensure(source)
        secrets = self._secrets.values(manifest)
        make_places(folder, source)
        command = plugin_command(manifest, source=source, environment=environment)
        variables = plugin_variables(
            request, source=source, environment=environment, folder=folder, secrets=secrets, marker=marker
        )
        if manifest.mode is PluginMode.SERVER:
            variables |= {MODE_VARIABLE: "server", MARKS_VARIABLE: "begin"}
        else:
            command += job_arguments(request) or []
        return limited_command(command, manifest), variables
