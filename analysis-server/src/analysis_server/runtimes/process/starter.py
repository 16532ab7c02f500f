"""Starts processes: for one job, as a server, or on standby."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from analysis_server.runtimes.owned_folder import remove_tree
from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.process.command import (
    APP,
    VIEW,
    limits_script,
    make_places,
    plugin_command,
    plugin_variables,
)
from analysis_server.runtimes.process.environment import Environments
from analysis_server.runtimes.process.mark import RunMarks
from analysis_server.runtimes.process.private_view import interpreter_folders, prepare_view
from analysis_server.runtimes.process.program import check_program
from analysis_server.runtimes.process.run_folders import RunFolders
from analysis_server.runtimes.process.run_user import RunUser
from analysis_server.runtimes.process.sandbox import ProcessSandbox
from analysis_server.runtimes.process.source import PluginSources
from analysis_server.runtimes.process.spare import ProcessSpare
from analysis_server.runtimes.process.started_process import StartedProcess
from analysis_server.runtimes.process.tree import ProcessTree
from analysis_server.runtimes.process_table import ProcessTable
from analysis_server.runtimes.run.checkpoints import CHECKPOINTS, CheckpointStore
from analysis_server.runtimes.run.inputs import INPUTS, move_inputs, with_paths
from analysis_server.runtimes.run.model_files import MODEL_VARIABLE, verified_folder
from analysis_server.runtimes.run.plugin_input import job_arguments
from analysis_server.runtimes.secrets.giving import FOLDER_VARIABLE, NOTHING, GivenSecrets, SecretGiver
from analysis_server.runtimes.serving.connection import MARKS_VARIABLE, MODE_VARIABLE
from satellite.contracts.identity import AttemptKey
from satellite.contracts.plugin_manifest import PluginMode


class ProcessStarter:
    """Starts plugins in their own environments, each in an empty folder and under limits."""

    def __init__(
        self,
        *,
        marks: RunMarks,
        folders: RunFolders,
        sources: PluginSources,
        environments: Environments,
        secrets: SecretGiver,
        sandbox: ProcessSandbox,
        checkpoints: CheckpointStore,
    ) -> None:
        """Take where plugins and their environments are found, what gives secrets, and what fences them."""
        self._marks = marks
        self._folders = folders
        self._sources = sources
        self._environments = environments
        self._secrets = secrets
        self._sandbox = sandbox
        self._checkpoints = checkpoints
        self._table = ProcessTable()

    def start_for_job(self, request: RunRequest) -> ProcessSpare:
        """Start a process that belongs to one attempt."""
        return self._start(request, self._secrets.give, key=request.key)

    def start_server(self, request: RunRequest) -> ProcessSpare:
        """Start a process that serves as long as its worker lives."""
        return self._start(request, self._secrets.give, key=None)

    def start_spare(self, request: RunRequest) -> ProcessSpare:
        """Start a process that waits for its job as long as its worker lives."""
        return self._start(request, self._secrets.give_spare, key=None)

    def hand_over(self, spare: ProcessSpare, request: RunRequest) -> ProcessSpare:
        """Give a spare what it could not be given before its job was known; it is ended if that fails."""
        try:
            spare.secrets = self._secrets.hand_over(spare.secrets, request)
        except BaseException:
            spare.discard()
            raise
        return spare

    def _start(
        self, request: RunRequest, give: Callable[[RunRequest], GivenSecrets], *, key: AttemptKey | None
    ) -> ProcessSpare:
        mark = self._marks.take()
        folder = self._folders.make(mark, key=key)
        user = RunUser() if self._sandbox.own_user else None
        secrets = NOTHING
        try:
            secrets = give(request)
            command, variables = self._command(request, secrets, folder=folder, mark=mark, user=user)
            started = StartedProcess(command, folder=folder / APP, variables=variables)
        except BaseException:
            secrets.remove()
            remove_tree(folder)
            if user is not None:
                user.release()
            raise
        tree = ProcessTree(started.pid, mark=mark, table=self._table)
        return ProcessSpare(started, tree=tree, folder=folder, user=user, secrets=secrets)

    def _command(
        self, request: RunRequest, secrets: GivenSecrets, *, folder: Path, mark: int, user: RunUser | None
    ) -> tuple[list[str], dict[str, str]]:
        manifest = request.manifest
        source = self._sources.get(manifest, digest=request.plugin_digest)
        environment = self._environments.ensure(source)
        make_places(
            folder,
            source,
            user=user.id if user else None,
            keeps_checkpoints=request.keeps_checkpoints,
        )
        move_inputs(request, folder / INPUTS)
        if request.keeps_checkpoints:
            self._checkpoints.give(request, folder / CHECKPOINTS)
        command = plugin_command(manifest, source=source, environment=environment)
        variables = plugin_variables(
            request, source=source, environment=environment, folder=folder, secrets=secrets.variables
        )
        shown = [folder, source.folder, environment, *interpreter_folders(environment)]
        if request.model is not None:
            model_folder = verified_folder(request.model)
            variables[MODEL_VARIABLE] = str(model_folder)
            shown.append(model_folder)
        if secrets.folder is not None:
            if user is not None:
                secrets.folder.give_to(user.id)
            variables[FOLDER_VARIABLE] = str(secrets.folder.path)
            shown.append(secrets.folder.path)
        check_program(command[0], folder=folder / APP, path=variables["PATH"])
        if manifest.mode is PluginMode.SERVER:
            # Marks tell whose lines are; nobody wants to know where no log is kept.
            marks = "begin" if request.max_log_bytes else ""
            variables |= {MODE_VARIABLE: "server", MARKS_VARIABLE: marks}
        else:
            command += job_arguments(with_paths(request, folder / INPUTS)) or []
        prepare = limits_script(request, mark=mark, own_user=user is not None)
        if self._sandbox.own_places:
            prepare += prepare_view(
                folder / VIEW, shown=shown, resources=manifest.resources, start_in=folder / APP
            )
        fenced = self._sandbox.command(
            command, prepare=prepare, user=user.id if user else None, network=manifest.network
        )
        return fenced, variables
