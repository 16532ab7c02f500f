"""Waiting jobs that no live worker can run, whatever else it does."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from operation_server.jobs.transitions.catalog import PluginVersion, VersionCatalog
from operation_server.jobs.transitions.dispatch import LOOK
from operation_server.jobs.transitions.placement import DispatchCapacity
from operation_server.jobs.transitions.room import WaitingGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaceable:
    """Jobs of a user for a plugin version that require the same, which nobody has."""

    owner_id: int
    version: PluginVersion
    requires_json: str


def find_unplaceable(
    connection: Connection, catalog: VersionCatalog, capacity: DispatchCapacity
) -> list[Unplaceable]:
    """Return the groups of waiting jobs that no live worker can run; paused ones are none of them."""
    found = connection.execute(LOOK).one()
    groups = [WaitingGroup(**group) for group in found.waiting]
    catalog.load(connection, {group.plugin_id for group in groups})
    return [
        Unplaceable(
            owner_id=group.owner_id,
            version=catalog.versions[group.plugin_id],
            requires_json=group.requires_json,
        )
        for group in groups
        if group.plugin_id in catalog.versions
        and not group.is_paused
        and not _has_queue(group, catalog.versions[group.plugin_id], capacity)
    ]


def _has_queue(group: WaitingGroup, version: PluginVersion, capacity: DispatchCapacity) -> bool:
    try:
        requires = version.requires_of(group.requires_json)
    except ValueError:
        # What cannot be read is put aside by the dispatcher, with its reason.
        return True
    return bool(capacity.queues_for(requires, version.resources))
