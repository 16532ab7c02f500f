"""Starts containers: for one job, as a server, or on standby."""

from __future__ import annotations

import os
import threading

from docker import APIClient

from analysis_server.runtimes.container.engine import Engine, inspect_image
from analysis_server.runtimes.container.image import PluginImage, describe_image
from analysis_server.runtimes.container.session import ContainerSession, open_session
from analysis_server.runtimes.container.template import container_config, job_labels, owned_labels
from analysis_server.runtimes.owner import owner_label
from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.run.plugin_input import PluginSecrets, job_arguments
from analysis_server.runtimes.serving.link import MARKS_VARIABLE, MODE_VARIABLE
from satellite.contracts.plugin_manifest import PluginManifest


class ContainerStarter:
    """Creates containers from the fixed template and starts them, a few at a time."""

    def __init__(self, engine: Engine, secrets: PluginSecrets) -> None:
        """Take the engine, and the secrets that plugins may ask for."""
        self._engine = engine
        self._secrets = secrets
        # The engine starts containers one after the other anyway; more at once only wait in its queue.
        self._starts = threading.BoundedSemaphore(max(2, os.cpu_count() or 2))

    def start_for_job(self, client: APIClient, request: RunRequest) -> ContainerSession:
        """Start a container that belongs to one attempt."""
        image = _image_of(client, request)
        arguments = job_arguments(request)
        if arguments is not None and request.manifest.command is None and not image.entrypoint:
            # An argument replaces the image's CMD, by which an image without an entrypoint is run.
            arguments = [*image.command, *arguments]
        config = container_config(
            request.manifest,
            image=image,
            labels=job_labels(request, owner=owner_label()),
            environment=self._variables(request.manifest),
            gpu_ids=request.gpu_ids,
            arguments=arguments,
        )
        with self._starts:
            return open_session(client, config)

    def start_server(self, request: RunRequest) -> ContainerSession:
        """Start a container that serves any number of jobs."""
        extra = {MODE_VARIABLE: "server", MARKS_VARIABLE: "begin end"}
        return self._start_owned(request, role="server", extra=extra)

    def start_spare(self, request: RunRequest) -> ContainerSession:
        """Start a container that waits for its job."""
        return self._start_owned(request, role="standby", extra={})

    def _start_owned(self, request: RunRequest, *, role: str, extra: dict[str, str]) -> ContainerSession:
        with self._engine.client() as client:
            config = container_config(
                request.manifest,
                image=_image_of(client, request),
                labels=owned_labels(request, owner=owner_label(), role=role),
                environment={**self._variables(request.manifest), **extra},
                gpu_ids=request.gpu_ids,
            )
            with self._starts:
                return open_session(client, config)

    def _variables(self, manifest: PluginManifest) -> dict[str, str]:
        return {**manifest.env, **self._secrets.values(manifest)}


def _image_of(client: APIClient, request: RunRequest) -> PluginImage:
    return describe_image(inspect_image(client, request.manifest.docker_image))
