"""The rules about models."""

from __future__ import annotations

from typing import Final

from operation_server.accounts.access import Permission, require, require_plugins, visible_to
from operation_server.accounts.account import Account
from operation_server.database.connections import Connections
from operation_server.database.rows import AnyRow
from operation_server.files.storage import FileStorage, require_storage
from operation_server.plugins.catalog import PluginCatalog
from operation_server.plugins.json_schema import SchemaChecks
from operation_server.registry import changes, repository
from operation_server.registry.errors import ModelInvalid
from operation_server.registry.evaluations import repository as evaluations
from operation_server.registry.new_version import VersionExaminer
from operation_server.registry.schemas import (
    AliasChange,
    AliasRead,
    EvaluationRead,
    MakingJob,
    ModelCard,
    ModelCreate,
    ModelList,
    ModelRead,
    VersionCreate,
    VersionList,
    VersionRead,
)
from operation_server.registry.signatures import model_digest, signature_faults

EVALUATIONS_SHOWN: Final = 100
"""Of a card."""


class RegistryService:
    """Registers and shows models, versions and aliases."""

    def __init__(
        self,
        connections: Connections,
        storage: FileStorage | None,
        *,
        catalog: PluginCatalog,
        schemas: SchemaChecks,
    ) -> None:
        self._connections = connections
        self._storage = storage
        self._catalog = catalog
        self._schemas = schemas

    async def register(self, caller: Account, request: ModelCreate) -> tuple[ModelRead, bool]:
        """Register a model, the caller's from now on; return it, and whether it is new.

        Raises:
            ModelInvalid: a schema of its signature is not valid.
            ModelTaken: the name exists with another signature or description.
        """
        require(caller, Permission.REGISTER_MODELS)
        violations = await signature_faults(self._schemas, request.signature)
        if violations:
            raise ModelInvalid(violations)
        async with self._connections.begin() as connection:
            row, is_new = await changes.register(
                connection,
                caller,
                name=request.name,
                description=request.description,
                signature=request.signature.model_dump(),
                digest=model_digest(request.description, request.signature),
            )
        return ModelRead.model_validate(row), is_new

    async def get(self, name: str) -> ModelRead:
        """Return a model.

        Raises:
            ModelNotFound: there is none of this name.
        """
        async with self._connections.connect() as connection:
            return ModelRead.model_validate(await changes.find(connection, name))

    async def hand_over(self, caller: Account, name: str, owner_id: int) -> ModelRead:
        """Give a model to another account, and return it; safe to repeat.

        Raises:
            ModelNotFound, ModelNotYours: it is none of the caller's.
            NewOwnerNotFound: there is no active account of this id.
        """
        async with self._connections.begin() as connection:
            await changes.hand_over(connection, caller, name, owner_id)
            return ModelRead.model_validate(await changes.find(connection, name))

    async def list_page(self, *, skip: int, limit: int) -> ModelList:
        """Return a page of models by name."""
        async with self._connections.connect() as connection:
            total, rows = await repository.list_page(connection, skip=skip, limit=limit)
        return ModelList(total=total, items=[ModelRead.model_validate(row) for row in rows])

    async def add_version(
        self, caller: Account, name: str, request: VersionCreate
    ) -> tuple[VersionRead, bool]:
        """Register a version and return it, and whether it is new; the same again changes nothing.

        Raises:
            ModelNotFound, ModelNotYours: it is none of the caller's models.
            ModelInvalid: a part is not there, or not what it should be.
            StorageMissing, StorageUnavailable: files cannot be looked at.
        """
        require(caller, Permission.REGISTER_MODELS)
        require_plugins(caller, [request.plugin_name])
        await self.get(name)
        storage = require_storage(self._storage)
        new = await VersionExaminer(self._connections, storage, self._catalog).examine(caller, request)
        async with self._connections.begin() as connection:
            row, is_new = await changes.add_version(connection, caller, name, new)
        return VersionRead.model_validate(row), is_new

    async def get_version(self, name: str, version: int) -> VersionRead:
        """Return a version.

        Raises:
            ModelNotFound, ModelVersionNotFound: there is none.
        """
        return VersionRead.model_validate(await self._find_version(name, version))

    async def list_versions(self, name: str, *, skip: int, limit: int) -> VersionList:
        """Return a page of a model's versions, newest first.

        Raises:
            ModelNotFound: there is none of this name.
        """
        async with self._connections.connect() as connection:
            await changes.find(connection, name)
            total, rows = await repository.list_versions(connection, name, skip=skip, limit=limit)
        return VersionList(total=total, items=[VersionRead.model_validate(row) for row in rows])

    async def delete_version(self, caller: Account, name: str, version: int) -> None:
        """Delete a version.

        Raises:
            ModelNotFound, ModelVersionNotFound, ModelNotYours: it is none of the caller's.
            ModelVersionInUse: an alias names it, or a job that has not ended asks it.
        """
        async with self._connections.begin() as connection:
            await changes.delete_version(connection, caller, name, version)

    async def card(self, caller: Account, name: str, version: int) -> ModelCard:
        """Return all that is known of a version; what its job was given only to who may see the job.

        Raises:
            ModelNotFound, ModelVersionNotFound: there is none.
        """
        model = await self.get(name)
        row = await self._find_version(name, version)
        async with self._connections.connect() as connection:
            _, evaluated = await evaluations.list_page(connection, row.id, skip=0, limit=EVALUATIONS_SHOWN)
        return ModelCard(
            model=model,
            version=VersionRead.model_validate(row),
            plugin_digest=row.plugin_digest,
            job=await self._making_job(caller, row.job_id),
            evaluations=[EvaluationRead.model_validate(each) for each in evaluated],
        )

    async def move_alias(self, caller: Account, name: str, alias: str, change: AliasChange) -> AliasRead:
        """Let an alias name a version: all that is submitted from now on asks it; safe to repeat.

        Raises:
            ModelNotFound, ModelVersionNotFound, ModelNotYours: it is none of the caller's.
            ModelGateClosed: a gate guards the alias, and the version does not pass it.
        """
        override = None if change.override is None else change.override.reason
        async with self._connections.begin() as connection:
            moved = await changes.move_alias(
                connection, caller, name, alias, change.version, override=override
            )
            return AliasRead.of(moved)

    async def get_alias(self, name: str, alias: str) -> AliasRead:
        """Return an alias.

        Raises:
            ModelNotFound, ModelAliasNotFound: there is none.
        """
        async with self._connections.connect() as connection:
            await changes.find(connection, name)
            return AliasRead.of(await changes.find_alias(connection, name, alias))

    async def delete_alias(self, caller: Account, name: str, alias: str) -> None:
        """Delete an alias.

        Raises:
            ModelNotFound, ModelAliasNotFound, ModelNotYours: it is none of the caller's.
            ModelAliasGuarded: a gate guards it.
        """
        async with self._connections.begin() as connection:
            await changes.delete_alias(connection, caller, name, alias)

    async def _find_version(self, name: str, version: int) -> AnyRow:
        async with self._connections.connect() as connection:
            await changes.find(connection, name)
            return await changes.find_version(connection, name, version)

    async def _making_job(self, caller: Account, job_id: int | None) -> MakingJob | None:
        if job_id is None:
            return None
        async with self._connections.connect() as connection:
            row = await repository.find_making_job(connection, job_id)
        if row is None:
            return None
        job = MakingJob.model_validate(row)
        return job if row.owner_id in visible_to(caller) else job.model_copy(update={"input_data": None})
