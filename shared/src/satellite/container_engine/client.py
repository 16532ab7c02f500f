"""Clients of the `docker` package for the engine."""

from __future__ import annotations

import os
from typing import Any

from docker import DockerClient
from docker.utils import kwargs_from_env

from satellite.container_engine.address import HOST, EngineAddress


def client_arguments(address: EngineAddress) -> dict[str, Any]:
    """Return what leads a client to an engine."""
    # Of an empty mapping the SDK would read the environment of this process instead.
    return {**kwargs_from_env({**address.docker, HOST: address.url})}


def connect(*, timeout_s: int) -> DockerClient:
    """Return a client for the engine of this process's environment; the caller closes it.

    Raises:
        DockerException: none answers.
    """
    return DockerClient(**client_arguments(EngineAddress.read(os.environ)), timeout=timeout_s)
