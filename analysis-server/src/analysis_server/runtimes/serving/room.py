"""Who must go so that another server can come: least recently used first, idle ones before busy ones."""

from __future__ import annotations

from collections.abc import Sequence

from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.serving.server import PluginServer


def memory_of(server: PluginServer) -> int:
    """Return what a server may use, in MiB."""
    return server.template.manifest.resources.memory_mib


def has_room(servers: Sequence[PluginServer], *, memory_mib: int, limits: ServerLimits) -> bool:
    """Tell whether one more that needs `memory_mib` fits; the only one always does."""
    if not servers:
        return True
    if len(servers) >= limits.servers_max:
        return False
    return limits.memory_mib is None or sum(map(memory_of, servers)) + memory_mib <= limits.memory_mib


def choose_victims(
    servers: Sequence[PluginServer], *, memory_mib: int, limits: ServerLimits
) -> list[PluginServer]:
    """Return the servers to retire, beyond those that go already, until one more will fit."""
    staying = [server for server in servers if not server.going]
    # One that is starting is not yet of use to anybody; to end it would only repeat its start.
    candidates = sorted(
        (server for server in staying if server.ready_at is not None),
        key=lambda server: (not server.idle, server.used_at),
    )
    victims: list[PluginServer] = []
    while candidates and not has_room(staying, memory_mib=memory_mib, limits=limits):
        victim = candidates.pop(0)
        staying.remove(victim)
        victims.append(victim)
    return victims
