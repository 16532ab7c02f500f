"""What stays in memory when a job is done: servers, and spares on standby."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from satellite.contracts.plugin_manifest import PluginManifest, PluginMode

ResidentKey: TypeAlias = tuple[str, tuple[str, ...]]
"""What `resident_of` returns, and the ids of the cards that are used."""


def resident_of(
    manifest: PluginManifest, digest: str, owner_id: int, *, model_digest: str | None = None
) -> str:
    """Return what the servers or spares for a job are known by.

    It is the plugin's digest, and with a server for each owner also whose: what a job leaves in a server, in
    files or in memory, is there for the next one. A spare is used once. A server that loads a version of a
    model is that version's alone.
    """
    if model_digest is not None:
        digest = f"{digest}+{model_digest}"
    if manifest.mode is not PluginMode.SERVER or manifest.serves_all:
        return digest
    return f"{digest}/{owner_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentLimits:
    """The most servers and spares that a worker keeps, and what its servers' manifests may sum up to."""

    servers_max: int = 8
    servers_memory_mib: int | None = None
    spares_max: int = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SpareAllowance:
    """How many spares may stand by of each key, none of others; a later `serial` overrules earlier ones."""

    serial: int
    counts: Mapping[ResidentKey, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedServer:
    """A server that runs, or is being started or ended."""

    key: ResidentKey
    name: str
    version: str
    busy: bool
    memory_mib: int
    gpu_memory_mib: int
    model: str | None = None
    """The version of a model that it loads, as `name@version`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpareCount:
    """The spares of one plugin: how many wait for a job."""

    key: ResidentKey
    name: str
    version: str
    ready: int
    memory_mib: int
    """What each of them may use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Residents:
    """All that is there in a runtime; what is not told of has no process and no container any more."""

    servers: tuple[LoadedServer, ...] = ()
    spares: tuple[SpareCount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Eviction:
    """What shall go: these servers, and of these keys' spares those beyond `allowance`."""

    servers: tuple[ResidentKey, ...] = ()
    spares: tuple[ResidentKey, ...] = ()
    allowance: SpareAllowance = field(default_factory=lambda: SpareAllowance(serial=0, counts={}))
