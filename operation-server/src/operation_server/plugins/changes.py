"""What changes plugins, each on a connection, so that more can join its transaction."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from operation_server.accounts import repository as accounts
from operation_server.accounts.access import Permission, require, require_plugins
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection
from operation_server.database.rows import AnyRow
from operation_server.plugins import repository
from operation_server.plugins.errors import (
    NewOwnerNotFound,
    PluginInUse,
    PluginNotFound,
    PluginNotYours,
    PluginVersionTaken,
    ReportOfOtherContent,
)
from operation_server.trail.actions import Action
from operation_server.trail.recording import record
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.plugin_report import Report

LONG_AGO = datetime.fromtimestamp(0, UTC)


async def register(
    connection: AsyncConnection, caller: Account, manifest: PluginManifest
) -> tuple[AnyRow, bool]:
    """Register a version and return it, and whether that made it available.

    Raises:
        PluginNotYours: its name belongs to somebody else.
        PluginVersionTaken: its name and version exist with other content.
    """
    name, version, digest = manifest.name, manifest.version, manifest.digest()
    owner = await repository.lock_owner(connection, name, claimed_by=caller.id)
    _require_owner(caller, owner, name)
    added = await repository.add(connection, manifest, digest=digest, created_by=caller.id)
    made = added is not None or await _restore(connection, name, version, digest)
    row = await repository.find(connection, name, version)
    if row is None:
        raise PluginNotFound
    if made:
        await record(connection, caller, Action.REGISTER_PLUGIN, name, version=version, digest=digest)
    return row, made


async def delete(connection: AsyncConnection, caller: Account, name: str, version: str | None) -> None:
    """Delete one version, or all.

    Raises:
        PluginNotFound: there is no such plugin.
        PluginNotYours: the name belongs to somebody else.
        PluginInUse: a job of them is queued or processing.
    """
    rows = await repository.list_versions(connection, name)
    ids = [row.id for row in rows if version is None or row.version == version]
    if not ids:
        raise not_found(name, version)
    _require_owner(caller, await repository.lock_owner(connection, name), name)
    if await repository.has_unfinished_jobs(connection, ids):
        raise PluginInUse
    await repository.mark_deleted(connection, ids)
    await record(connection, caller, Action.DELETE_PLUGIN, name, version=version)


async def hand_over(connection: AsyncConnection, caller: Account, name: str, owner_id: int) -> None:
    """Give a plugin's name, deleted or not, to another account; safe to repeat.

    Raises:
        PluginNotFound: nobody has registered the name.
        PluginNotYours: it belongs to somebody else.
        NewOwnerNotFound: there is no active account of this id.
    """
    owner = await repository.lock_owner(connection, name)
    if owner is None:
        raise not_found(name)
    _require_owner(caller, owner, name)
    if await accounts.find_account(connection, owner_id) is None:
        raise NewOwnerNotFound(owner_id)
    await repository.set_owner(connection, name, owner_id)
    await record(connection, caller, Action.HAND_OVER_PLUGIN, name, owner_id=owner_id)


async def control(connection: AsyncConnection, caller: Account, name: str, **values: Any) -> AnyRow:
    """Set `is_paused` or `max_running` of a plugin name and return its latest version.

    Raises:
        AdminRequired: the caller may not.
        PluginNotFound: there is no such plugin.
    """
    require(caller, Permission.CONTROL_PLUGINS)
    require_plugins(caller, [name])
    await repository.set_control(connection, name, **values)
    await record(connection, caller, Action.CONTROL_PLUGIN, name, **values)
    row = await repository.find(connection, name, None)
    if row is None:
        # What was set for the name goes with the transaction.
        raise not_found(name)
    return row


async def keep_report(
    connection: AsyncConnection, caller: Account, name: str, version: str, report: Report
) -> None:
    """Keep what was found while a version was tried; the last report stays.

    Raises:
        PluginNotFound: there is no such version.
        PluginNotYours: the name belongs to somebody else.
        ReportOfOtherContent: it is not of what is registered.
    """
    _require_owner(caller, await repository.lock_owner(connection, name), name)
    row = await repository.find(connection, name, version)
    if row is None:
        raise not_found(name, version)
    if (report.plugin, report.version, report.manifest_digest) != (name, version, row.digest):
        raise ReportOfOtherContent
    # A clock that is wrong is no reason to refuse, and a time that no database holds none to fail.
    tested_at = min(max(report.tested_at, LONG_AGO), datetime.now(UTC))
    await repository.put_report(connection, row.id, report, tested_at=tested_at, sent_by=caller.id)
    await record(connection, caller, Action.REPORT_PLUGIN, name, version=version, findings=report.count)


def not_found(name: str, version: str | None = None) -> PluginNotFound:
    """Return the error that tells that there is no such plugin or version."""
    return PluginNotFound(f"There is no plugin {name}" + (f" version {version}." if version else "."))


async def _restore(connection: AsyncConnection, name: str, version: str, digest: str) -> bool:
    """Take back a deletion, if there was one, and tell whether there was."""
    registered = await repository.lock_registered(connection, name, version)
    if registered.digest != digest:
        raise PluginVersionTaken(
            f"{name} version {version} exists with other content; register the change under a new version."
        )
    if registered.deleted_at is None:
        return False
    await repository.restore(connection, registered.id)
    return True


def _require_owner(caller: Account, owner: AnyRow | None, name: str) -> None:
    require_plugins(caller, [name])
    if owner is not None and owner.id not in require(caller, Permission.REGISTER_PLUGINS):
        raise PluginNotYours(
            f"The plugin name {name} belongs to {owner.email}: ask them or an admin to do it for you or "
            f"to hand the name over (PUT /api/v1/plugins/{name}/owner), or choose another name."
        )
