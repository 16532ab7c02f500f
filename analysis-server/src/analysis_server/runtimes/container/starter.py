"""Starts containers: for one job, as a server, or on standby."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import structlog
from docker import APIClient

from analysis_server.runtimes.container.creation import ContainerCreator
from analysis_server.runtimes.container.engine import Engine, inspect_image
from analysis_server.runtimes.container.folder import (
    ContainerFolder,
    FolderUnseen,
    is_unseen,
    take_inputs,
)
from analysis_server.runtimes.container.image import PluginImage, describe_image
from analysis_server.runtimes.container.kept_output import KEPT, NOT_KEPT, kept_at
from analysis_server.runtimes.container.session import ContainerSession, open_session
from analysis_server.runtimes.container.template import (
    container_config,
    job_labels,
    owned_labels,
    with_folder,
    with_model,
)
from analysis_server.runtimes.owned_folder import OwnedFolder
from analysis_server.runtimes.owner import owner_label
from analysis_server.runtimes.port import MIB, RunRequest
from analysis_server.runtimes.run.checkpoints import CheckpointStore
from analysis_server.runtimes.run.model_files import verified_folder
from analysis_server.runtimes.run.plugin_input import job_arguments
from analysis_server.runtimes.secrets.errors import SecretPlaceUnfit
from analysis_server.runtimes.secrets.giving import GivenSecrets, SecretGiver
from analysis_server.runtimes.secrets.place import UNSEEN
from analysis_server.runtimes.serving.connection import MARKS_VARIABLE, MODE_VARIABLE
from satellite.contracts.plugin_manifest import PluginMode

Give: TypeAlias = Callable[[RunRequest], GivenSecrets]
NO_VARIABLES: Final[Mapping[str, str]] = {}

logger = structlog.get_logger(__name__)


class ContainerStarter:
    """Creates containers from the fixed template and starts them, a few at a time."""

    def __init__(
        self,
        engine: Engine,
        creator: ContainerCreator,
        secrets: SecretGiver,
        *,
        folders: OwnedFolder,
        checkpoints: CheckpointStore,
    ) -> None:
        """Take the engine, what creates containers on it, and from where they get secrets and files."""
        self._folders = folders
        self._checkpoints = checkpoints
        self._sees_folders = True
        self._engine = engine
        self._creator = creator
        self._secrets = secrets
        # The engine starts containers one after the other anyway; more at once only wait in its queue.
        self._starts = threading.BoundedSemaphore(max(2, os.cpu_count() or 2))

    def start_for_job(self, client: APIClient, request: RunRequest) -> ContainerSession:
        """Start a container that belongs to one attempt."""
        manifest, image = request.manifest, _image_of(client, request)
        arguments = job_arguments(request)
        if arguments is not None and manifest.command is None and not image.entrypoint:
            # An argument replaces the image's CMD, by which an image without an entrypoint is run.
            arguments = [*image.command, *arguments]
        return self._start(
            client,
            request,
            self._secrets.give,
            image=image,
            labels=job_labels(request, owner=owner_label()),
            arguments=arguments,
            extra=request.trace_variables,
            log_config=KEPT if kept_at(self._engine.place(), manifest) else NOT_KEPT,
        )

    def start_server(self, request: RunRequest) -> ContainerSession:
        """Start a container that serves any number of jobs."""
        extra = {MODE_VARIABLE: "server", MARKS_VARIABLE: "begin end"}
        return self._start_owned(request, self._secrets.give, role="server", extra=extra)

    def start_spare(self, request: RunRequest) -> ContainerSession:
        """Start a container that waits for its job."""
        return self._start_owned(request, self._secrets.give_spare, role="standby", extra={})

    def hand_over(self, session: ContainerSession, request: RunRequest) -> None:
        """Give a spare what it could not be given before its job was known."""
        session.secrets = self._secrets.hand_over(session.secrets, request)

    def _start_owned(
        self, request: RunRequest, give: Give, *, role: str, extra: Mapping[str, str]
    ) -> ContainerSession:
        with self._engine.client() as client:
            image = _image_of(client, request)
            labels = owned_labels(request, owner=owner_label(), role=role)
            return self._start(client, request, give, image=image, labels=labels, extra=extra)

    def _start(
        self,
        client: APIClient,
        request: RunRequest,
        give: Give,
        *,
        extra: Mapping[str, str] = NO_VARIABLES,
        **options: Any,
    ) -> ContainerSession:
        secrets = give(request)
        try:
            config = container_config(
                request.manifest,
                environment={**request.manifest.env, **secrets.variables, **extra},
                secrets=None if secrets.folder is None else secrets.folder.path_of_engine,
                gpu_ids=request.gpu_ids,
                **options,
            )
            if request.model is not None:
                config = with_model(config, verified_folder(request.model))
            return self._open(client, config, request, secrets)
        except BaseException as error:
            secrets.remove()
            if secrets.folder is not None and is_unseen(error, secrets.folder.path_of_engine):
                raise SecretPlaceUnfit(UNSEEN) from error
            if request.model is not None and is_unseen(error, Path(request.model.folder)):
                raise FolderUnseen from error
            raise

    def _open(
        self, client: APIClient, config: dict[str, Any], request: RunRequest, secrets: GivenSecrets
    ) -> ContainerSession:
        if self._sees_folders and _shares_folder(request):
            try:
                return self._open_with_folder(client, config, request, secrets)
            except FolderUnseen as error:
                # What needs no files goes on without a place for them.
                logger.warning("no files for plugins", reason=str(error))
                self._sees_folders = False
        if request.inputs is not None:
            raise FolderUnseen
        with self._starts:
            return open_session(client, config, self._creator, secrets=secrets)

    def _open_with_folder(
        self, client: APIClient, config: dict[str, Any], request: RunRequest, secrets: GivenSecrets
    ) -> ContainerSession:
        folder = ContainerFolder.make(self._folders, keeps_checkpoints=request.keeps_checkpoints)
        try:
            # Before it starts: it may have their paths as its argument.
            take_inputs(request, folder)
            self._checkpoints.give(request, folder.checkpoints)
            config = with_folder(config, folder, file_bytes_max=_file_bytes_max(request))
            with self._starts:
                return open_session(client, config, self._creator, secrets=secrets, folder=folder)
        except BaseException as error:
            folder.remove()
            if is_unseen(error, folder.path):
                raise FolderUnseen from error
            raise


def _image_of(client: APIClient, request: RunRequest) -> PluginImage:
    return describe_image(inspect_image(client, request.manifest.docker_image))


def _file_bytes_max(request: RunRequest) -> int:
    """Return how large a file may be wherever the plugin writes: in memory as large as the memory."""
    return max(request.output_bytes_max, request.manifest.resources.memory_mib * MIB)


def _shares_folder(request: RunRequest) -> bool:
    # A server works for many jobs, and would show each the files of the others.
    return request.shares_files and request.manifest.mode is PluginMode.ONESHOT
