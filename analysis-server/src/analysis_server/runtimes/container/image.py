"""What a plugin's image says of itself, as far as the container template has to answer it."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginImage:
    """An image under its id, so that a name that moves cannot change what was read of it."""

    id: str
    volumes: tuple[str, ...] = ()
    """Where it wants volumes, as clean absolute paths."""
    variables: Mapping[str, str]
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


def describe_image(found: Mapping[str, Any]) -> PluginImage:
    """Return what the engine's inspection of an image says."""
    config: dict[str, Any] = found.get("Config") or {}
    variables = (line.partition("=") for line in config.get("Env") or ())
    return PluginImage(
        id=str(found["Id"]),
        volumes=tuple(sorted({_clean(path) for path in config.get("Volumes") or ()})),
        variables={name: value for name, _, value in variables},
        entrypoint=tuple(config.get("Entrypoint") or ()),
        command=tuple(config.get("Cmd") or ()),
    )


def _clean(path: str) -> str:
    # As the engine does: it must find our mount under the very name of its volume.
    return "/" + posixpath.normpath(path).lstrip("/") if path.startswith("/") else path
