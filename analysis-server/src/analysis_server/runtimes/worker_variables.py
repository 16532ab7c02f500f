"""What the worker's environment says besides its settings, read once and handed on by value.

Plugins are run by a process that Ray starts, whose own environment is that of Ray.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from analysis_server.runtimes.secrets.worker_secrets import WorkerSecrets
from satellite.container_engine.address import EngineAddress

PLATFORMS_OWN = ("SATELLITE_", "CELERY_", "RAY_", "OTEL_", "REDIS_URL", "DATABASE_URL")
"""Beginnings of the names of the platform's variables: some are secret, and builds of packages run code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerVariables:
    """The worker's secrets, where the engine is, what uv is given; nothing where nothing was read."""

    secrets: WorkerSecrets = field(default_factory=WorkerSecrets)
    engine: EngineAddress = field(default_factory=EngineAddress)
    uv: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: Path | None = None
    """The authorities of TLS, where they are not the machine's."""

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Take what an environment says, by default this process's."""
        environ = os.environ if environ is None else environ
        return cls(
            secrets=WorkerSecrets.read(environ),
            engine=EngineAddress.read(environ),
            uv=_uv_variables(environ),
            ca_file=Path(environ["SSL_CERT_FILE"]) if environ.get("SSL_CERT_FILE") else None,
        )


def _uv_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what uv, and the builds that it starts, are given of an environment."""
    given = {
        name: value
        for name, value in environ.items()
        if name != "VIRTUAL_ENV" and not name.startswith(PLATFORMS_OWN)
    }
    # Where packages lie besides an index; uv does not read what pip is told, and writes its list with commas.
    if links := given.get("PIP_FIND_LINKS", "").split():
        given.setdefault("UV_FIND_LINKS", ",".join(links))
    return given
