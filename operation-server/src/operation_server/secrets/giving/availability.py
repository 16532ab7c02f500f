"""Whether the secrets that a plugin needs are there for a job, before it is accepted."""

from __future__ import annotations

from collections.abc import Sequence

from operation_server.database.connections import Connections
from operation_server.secrets import repository
from operation_server.secrets.giving.errors import SecretsMissing
from satellite.contracts.plugin_manifest import PluginManifest


class SecretAvailability:
    """Looks for the secrets of jobs; for a plugin that needs none it asks nobody."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def require(self, owner_id: int, manifest: PluginManifest) -> None:
        """Refuse a job whose plugin needs secrets that are not there for its owner.

        Raises:
            SecretsMissing: names them and what to do.
        """
        names = [wish.name for wish in manifest.stored_secrets]
        if not names:
            return
        async with self._connections.connect() as connection:
            found = await repository.find_given(
                connection,
                owner_id=owner_of_secrets(owner_id, manifest),
                plugin_name=manifest.name,
                names=names,
            )
        require_all(manifest, [each.identity.name for each in found])


def owner_of_secrets(owner_id: int, manifest: PluginManifest) -> int | None:
    """Return whose secrets a job is given beside those of all; nobody's where users share a server."""
    return None if manifest.serves_all else owner_id


def require_all(manifest: PluginManifest, found: Sequence[str]) -> None:
    """Refuse when some that a plugin needs were not found.

    Raises:
        SecretsMissing: names them and what to do.
    """
    missing = [wish.name for wish in manifest.stored_secrets if wish.name not in found]
    if not missing:
        return
    told, plugin = ", ".join(missing), manifest.name
    if manifest.serves_all:
        raise SecretsMissing(
            f"The plugin {plugin} works for several users and needs {told} as secrets for all users; ask an "
            f"admin for `satellite secret set {missing[0]} --for-all --plugin {plugin}`."
        )
    raise SecretsMissing(
        f"The plugin {plugin} needs the secrets {told}, which were not granted to it. Store and grant them "
        f"with POST /api/v1/secrets or `satellite secret set {missing[0]} --plugin {plugin}`."
    )
