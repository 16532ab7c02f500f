"""Starts processes: for one job, as a server, or on standby."""

from __future__ import annotations

import shutil
from pathlib import Path

from analysis_server.runtimes.port import AttemptKey, RunRequest
from analysis_server.runtimes.process.command import (
    APP,
    limited_command,
    make_places,
    plugin_command,
    plugin_variables,
)
from analysis_server.runtimes.process.environment import PluginEnvironments
from analysis_server.runtimes.process.mark import RunMarks
from analysis_server.runtimes.process.program import check_program
from analysis_server.runtimes.process.run_folders import RunFolders
from analysis_server.runtimes.process.source import PluginSources
from analysis_server.runtimes.process.spare import ProcessSpare
from analysis_server.runtimes.process.started_process import StartedProcess
from analysis_server.runtimes.process.table import ProcessTable
from analysis_server.runtimes.process.tree import ProcessTree
from analysis_server.runtimes.run.plugin_input import PluginSecrets, job_arguments
from analysis_server.runtimes.serving.link import MARKS_VARIABLE, MODE_VARIABLE
from satellite.contracts.plugin_manifest import PluginMode


class ProcessStarter:
    """Starts plugins in their own environments, each in an empty folder and under limits."""

    def __init__(
        self,
        *,
        marks: RunMarks,
        folders: RunFolders,
        sources: PluginSources,
        environments: PluginEnvironments,
        secrets: PluginSecrets,
    ) -> None:
        """Take where plugins, their environments and their secrets are found."""
        self._marks = marks
        self._folders = folders
        self._sources = sources
        self._environments = environments
        self._secrets = secrets
        self._table = ProcessTable()

    def start_for_job(self, request: RunRequest) -> ProcessSpare:
        """Start a process that belongs to one attempt."""
        return self._start(request, key=request.key)

    def start_owned(self, request: RunRequest) -> ProcessSpare:
        """Start a process that serves, or waits for its job, as long as its worker lives."""
        return self._start(request, key=None)

    def _start(self, request: RunRequest, *, key: AttemptKey | None) -> ProcessSpare:
        mark = self._marks.take()
        folder = self._folders.make(mark, key=key)
        try:
            command, variables = self._command(request, folder=folder)
            check_program(command[0], folder=folder / APP, path=variables["PATH"])
            command = limited_command(command, request.manifest, mark=mark)
            started = StartedProcess(command, folder=folder / APP, variables=variables)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        tree = ProcessTree(started.pid, mark=mark, table=self._table)
        return ProcessSpare(started, tree=tree, folder=folder)

    def _command(self, request: RunRequest, *, folder: Path) -> tuple[list[str], dict[str, str]]:
        manifest = request.manifest
        source = self._sources.get(manifest, digest=request.plugin_digest)
        environment = self._environments.ensure(source)
        secrets = self._secrets.values(manifest)
        make_places(folder, source)
        command = plugin_command(manifest, source=source, environment=environment)
        variables = plugin_variables(
            request, source=source, environment=environment, folder=folder, secrets=secrets
        )
        if manifest.mode is PluginMode.SERVER:
            variables |= {MODE_VARIABLE: "server", MARKS_VARIABLE: "begin"}
        else:
            command += job_arguments(request) or []
        return command, variables
