"""What stays when a job is done: loaded servers, spares that stand by, and the room they may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

PluginPlace: TypeAlias = tuple[str, tuple[str, ...]]
"""A plugin's digest, and the ids of the cards that it uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpareRoom:
    """How many spares may stand by at each place, none elsewhere; a later `serial` overrules earlier ones."""

    serial: int
    counts: Mapping[PluginPlace, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedServer:
    """A server that runs, or is being started or ended."""

    place: PluginPlace
    name: str
    version: str
    busy: bool
    memory_mib: int
    gpu_memory_mib: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpareCount:
    """The spares of one plugin: how many wait for a job."""

    place: PluginPlace
    name: str
    version: str
    ready: int
    memory_mib: int
    """What each of them may use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All that stands in a runtime; what is not told of has no process and no container any more."""

    servers: tuple[LoadedServer, ...] = ()
    spares: tuple[SpareCount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Eviction:
    """What shall go: these servers, and of these places' spares those beyond `room`."""

    servers: tuple[PluginPlace, ...] = ()
    spares: tuple[PluginPlace, ...] = ()
    room: SpareRoom = field(default_factory=lambda: SpareRoom(serial=0, counts={}))
