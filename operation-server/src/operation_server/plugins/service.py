"""The rules about plugins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.database.connections import Connections
from operation_server.database.rows import AnyRow
from operation_server.plugins import changes, repository
from operation_server.plugins.catalog import PluginCatalog
from operation_server.plugins.errors import PluginInvalid, PluginNotFound, PluginReportNotFound
from operation_server.plugins.file_places import unfit_for_files
from operation_server.plugins.isolation import Isolation
from operation_server.plugins.json_schema import SchemaChecks
from operation_server.plugins.retry_kinds import unknown_kinds
from operation_server.problems import Violation
from satellite.contracts.image_reference import WANTED, is_image_reference
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.plugin_report import Report


class PluginService:
    """Registers, lists, deletes and controls plugins."""

    def __init__(
        self,
        connections: Connections,
        catalog: PluginCatalog,
        schemas: SchemaChecks,
        *,
        isolation: Isolation,
    ) -> None:
        self._isolation = isolation
        self._connections = connections
        self._catalog = catalog
        self._schemas = schemas

    async def register(self, caller: Account, manifest: PluginManifest) -> tuple[AnyRow, bool]:
        """Register a version and return it, and whether that made it available.

        The same content again changes nothing; a deleted version with the same content comes back. A name
        that nobody has belongs to the caller from now on.

        Raises:
            PluginInvalid: a schema or a kind of `retry.kinds` is not valid, or no engine could start it.
            AdminRequired: it relaxes the container template, or a worker runs plugins without isolation, and
                the caller is not an admin.
            BrokerUnavailable: nothing is known about workers, and the caller is not an admin.
            PluginNotYours: its name belongs to somebody else and the caller is not an admin.
            PluginVersionTaken: its name and version exist with other content.
        """
        violations = [
            *unstartable(manifest),
            *unknown_kinds(manifest.retry),
            *unfit_for_files(manifest),
            *await self._schemas.find_violations("input_schema", manifest.input_schema),
            *await self._schemas.find_violations("output_schema", manifest.output_schema),
        ]
        if violations:
            raise PluginInvalid(violations)
        if manifest.needs_admin:
            require(
                caller,
                Permission.TRUST_PLUGINS,
                "Only an admin may register a plugin with `network`, `secrets`, `shared`, "
                "`batch.across_owners` or `requires.runtime` `process`.",
            )
        await self._isolation.require(caller, "register plugins")
        async with self._connections.begin() as connection:
            registered = await changes.register(connection, caller, manifest)
        self._catalog.forget()
        return registered

    async def get(self, name: str, version: str | None) -> AnyRow:
        """Return a plugin version, the newest registration unless `version` is given."""
        async with self._connections.connect() as connection:
            row = await repository.find(connection, name, version)
        if row is None:
            raise changes.not_found(name, version)
        return row

    async def list_latest(self, *, name: str | None, skip: int, limit: int) -> tuple[int, Sequence[AnyRow]]:
        """Return the number of plugins and a page of the newest version of each."""
        async with self._connections.connect() as connection:
            return await repository.list_latest(connection, name=name, skip=skip, limit=limit)

    async def list_versions(self, name: str) -> Sequence[AnyRow]:
        """Return all versions of a plugin, newest registration first."""
        async with self._connections.connect() as connection:
            rows = await repository.list_versions(connection, name)
        if not rows:
            raise PluginNotFound(f"There is no plugin {name}.")
        return rows

    async def keep_report(self, caller: Account, name: str, version: str, report: Report) -> None:
        """Keep what was found while a version was tried; the last report stays, safe to repeat.

        Raises:
            PluginNotFound: there is no such version.
            PluginNotYours: the name belongs to somebody else and the caller is not an admin.
            ReportOfOtherContent: it is not of what is registered.
        """
        async with self._connections.begin() as connection:
            await changes.keep_report(connection, caller, name, version, report)

    async def get_report(self, name: str, version: str) -> Report:
        """Return what was found while a version was tried.

        Raises:
            PluginNotFound: there is no such version.
            PluginReportNotFound: nobody has sent a report of it.
        """
        row = await self.get(name, version)
        async with self._connections.connect() as connection:
            report = await repository.find_report(connection, row.id)
        if report is None:
            raise PluginReportNotFound
        return Report.model_validate(report)

    async def delete(self, caller: Account, name: str, version: str | None) -> None:
        """Delete one version, or all; finished jobs keep referring to them.

        Raises:
            PluginNotFound: there is no such plugin.
            PluginNotYours: the name belongs to somebody else and the caller is not an admin.
            PluginInUse: a job of them is queued or processing.
        """
        async with self._connections.begin() as connection:
            await changes.delete(connection, caller, name, version)
        self._catalog.forget()

    async def hand_over(self, caller: Account, name: str, owner_id: int) -> int:
        """Give a plugin's name, deleted or not, to another account and return its id; safe to repeat.

        Raises:
            PluginNotFound: nobody has registered the name.
            PluginNotYours: it belongs to somebody else and the caller is not an admin.
            NewOwnerNotFound: there is no active account of this id.
        """
        async with self._connections.begin() as connection:
            await changes.hand_over(connection, caller, name, owner_id)
        return owner_id

    async def control(self, caller: Account, name: str, **values: Any) -> AnyRow:
        """Set `is_paused` or `max_running` of a plugin name and return its latest version; for admins.

        The dispatcher sees it at its next poll.
        """
        async with self._connections.begin() as connection:
            row = await changes.control(connection, caller, name, **values)
        self._catalog.forget()
        return row


def unstartable(manifest: PluginManifest) -> list[Violation]:
    """Return what no engine could look for or start, whatever images it has."""
    violations = []
    if not is_image_reference(manifest.docker_image):
        violations.append(
            Violation("/docker_image", f"{manifest.docker_image[:100]!r} is no image: {WANTED}")
        )
    if manifest.command is not None and not manifest.command[0]:
        violations.append(
            Violation("/command/0", "the program has no name; without `command` the image's own is run")
        )
    return violations
