"""Whether a job that trains a model could have its version registered, before the job is accepted."""

from __future__ import annotations

from operation_server.accounts.access import Permission, require, require_plugins
from operation_server.accounts.account import Account
from operation_server.database.connections import Connections
from operation_server.plugins.catalog import PluginCatalog
from operation_server.registry import repository
from operation_server.registry.errors import ModelNotYours, TrainingPointless
from satellite.contracts.plugin_manifest import PluginManifest, PluginMode


class Trainability:
    """Looks at what trainings are to make; for a plugin that trains nothing it asks nobody.

    When the job completes all is looked at again: hours may lie between.
    """

    def __init__(self, connections: Connections, catalog: PluginCatalog) -> None:
        self._connections = connections
        self._catalog = catalog

    async def require(self, caller: Account, manifest: PluginManifest) -> None:
        """Refuse a training whose version the registry would not take.

        Raises:
            PermissionMissing, KeyTooNarrow: the caller may register no models, or none that the plugin loads.
            ModelNotYours: the model is somebody else's.
            PluginNotFound: the plugin that loads what is made is not there.
            TrainingPointless: that plugin is no server.
        """
        if manifest.trains is None:
            return
        reach = require(caller, Permission.REGISTER_MODELS)
        require_plugins(caller, [manifest.trains.plugin])
        async with self._connections.connect() as connection:
            model = await repository.find(connection, manifest.trains.model)
        if model is not None and model.owner_id not in reach:
            raise ModelNotYours(
                f"{manifest.name} trains the model {model.name}, which is somebody else's: "
                "ask them or an admin."
            )
        loader = await self._catalog.get(manifest.trains.plugin)
        if loader.manifest.mode is not PluginMode.SERVER:
            raise TrainingPointless(
                f"{manifest.trains.plugin} is to load what {manifest.name} makes, and is no server; "
                "name another one in `trains`."
            )
