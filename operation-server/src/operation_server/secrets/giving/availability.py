"""Whether the secrets that a plugin needs are there for a job, before it is accepted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from operation_server.database.connections import Connections
from operation_server.secrets import repository
from operation_server.secrets.giving.errors import SecretsMissing
from operation_server.secrets.repository import StoredSecret
from satellite.contracts.gpu_job import GPU_JOB
from satellite.contracts.plugin_manifest import PluginManifest


class SecretAvailability:
    """Looks for the secrets of jobs; for a plugin that needs none it asks nobody."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def require(self, owner_id: int, manifest: PluginManifest, input_data: Any = None) -> None:
        """Refuse a job whose plugin or input needs secrets that are not there for its owner.

        Raises:
            SecretsMissing: names them and what to do.
        """
        by_input = named_by_input(manifest, input_data)
        names = [*by_input, *(wish.name for wish in manifest.stored_secrets)]
        if not names:
            return
        async with self._connections.connect() as connection:
            found = await repository.find_given(
                connection,
                owner_id=owner_of_secrets(owner_id, manifest),
                plugin_name=manifest.name,
                names=names,
            )
        require_all(manifest, [each.identity.name for each in found if may_have(each, by_input)], by_input)


def named_by_input(manifest: PluginManifest, input_data: Any) -> list[str]:
    """Return the secrets that the input of a GPU job names."""
    named = input_data.get("secrets") if isinstance(input_data, dict) else None
    if manifest.name != GPU_JOB or not isinstance(named, list):
        return []
    return [name for name in named if isinstance(name, str)]


def may_have(found: StoredSecret, by_input: Sequence[str]) -> bool:
    """Tell whether a job may have a secret: what an input names has to be its owner's own."""
    return found.identity.name not in by_input or found.identity.owner_id is not None


def owner_of_secrets(owner_id: int, manifest: PluginManifest) -> int | None:
    """Return whose secrets a job is given beside those of all; nobody's where users share a server."""
    return None if manifest.serves_all else owner_id


def require_all(manifest: PluginManifest, found: Sequence[str], by_input: Sequence[str] = ()) -> None:
    """Refuse when some that a plugin needs were not found.

    Raises:
        SecretsMissing: names them and what to do.
    """
    wanted = [*(wish.name for wish in manifest.stored_secrets), *by_input]
    missing = [name for name in wanted if name not in found]
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
