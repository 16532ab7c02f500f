"""Where the container engine is, as the worker's environment says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

HOST, TLS_VERIFY, CERT_PATH = "DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineAddress:
    """`DOCKER_HOST` and its neighbours, with paths that mean the same in every process of this user."""

    docker: Mapping[str, str] = field(default_factory=dict)
    user_folder: Path = field(default_factory=lambda: Path(f"/run/user/{os.getuid()}"))
    """Where Podman has its socket."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Take what an environment says."""
        docker = {name: environ[name] for name in (HOST, TLS_VERIFY, CERT_PATH) if environ.get(name)}
        if docker.keys() & {TLS_VERIFY, CERT_PATH}:
            docker[CERT_PATH] = str(Path(docker.get(CERT_PATH) or Path.home() / ".docker").absolute())
        given = environ.get("XDG_RUNTIME_DIR")
        return cls(docker=docker, user_folder=Path(given)) if given else cls(docker=docker)
