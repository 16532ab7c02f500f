"""What changes models, each on a connection, so that more can join its transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from operation_server.accounts import repository as accounts
from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection
from operation_server.database.rows import AnyRow
from operation_server.files.uses import repository as uses
from operation_server.plugins.errors import NewOwnerNotFound
from operation_server.registry import repository
from operation_server.registry.errors import (
    ModelAliasGuarded,
    ModelAliasNotFound,
    ModelGateClosed,
    ModelInvalid,
    ModelNotFound,
    ModelNotYours,
    ModelTaken,
    ModelVersionInUse,
    ModelVersionNotFound,
)
from operation_server.registry.gates import repository as gates
from operation_server.registry.new_version import NewVersion, file_missing
from operation_server.registry.rollouts import changes as rollouts
from operation_server.registry.rollouts.repository import is_tried
from operation_server.trail.actions import Action
from operation_server.trail.recording import record


async def register(
    connection: AsyncConnection, caller: Account, *, name: str, digest: str, **columns: Any
) -> tuple[AnyRow, bool]:
    """Register a model and return it, and whether it is new; the same again changes nothing.

    Raises:
        ModelTaken: the name exists with other content.
    """
    is_new = await repository.add(connection, name=name, digest=digest, owner_id=caller.id, **columns)
    row = await find(connection, name)
    if row.digest != digest:
        raise ModelTaken(f"A model {name} exists with another signature or description.")
    if is_new:
        await record(connection, caller, Action.REGISTER_MODEL, name)
    return row, is_new


async def add_version(
    connection: AsyncConnection, caller: Account, name: str, new: NewVersion
) -> tuple[AnyRow, bool]:
    """Add a version and return it, and whether it is new; the same again changes nothing.

    Raises:
        ModelNotFound, ModelNotYours: it is none of the caller's models.
        ModelInvalid: a file has gone meanwhile.
    """
    if new.job_id is not None:
        # Before the model, as the transition that completes a training locks them.
        await repository.hold_job(connection, new.job_id)
    model = await lock_own(connection, caller, name)
    # They stay from here on: who deletes one looks for versions that have it.
    held = await uses.lock_ready(connection, sorted(new.files.values()))
    _require_files(new.files, held)
    same = await repository.find_same(
        connection, model.id, digest=new.digest, plugin_id=new.plugin_id, job_id=new.job_id
    )
    if same is not None and same.metrics == new.metrics:
        return same, False
    version = await repository.add_version(
        connection,
        model.id,
        files=new.files,
        plugin_id=new.plugin_id,
        digest=new.digest,
        metrics=new.metrics,
        job_id=new.job_id,
        created_by=caller.id,
    )
    await record(connection, caller, Action.REGISTER_MODEL_VERSION, name, version=version, digest=new.digest)
    return await find_version(connection, name, version), True


async def delete_version(connection: AsyncConnection, caller: Account, name: str, version: int) -> None:
    """Delete a version; its files are then its owner's to keep or delete.

    Raises:
        ModelNotFound, ModelVersionNotFound, ModelNotYours: it is none of the caller's.
        ModelVersionInUse: an alias names it, or a job that has not ended asks it.
    """
    await lock_own(connection, caller, name)
    row = await find_version(connection, name, version)
    if row.aliases:
        raise ModelVersionInUse(
            f"{name}@{version} is called {', '.join(row.aliases)}; move or delete the alias first."
        )
    if await is_tried(connection, row.id):
        raise ModelVersionInUse(f"A rollout tries {name}@{version}; end it first.")
    await repository.lock_version(connection, row.id)
    job_id = await repository.find_open_job(connection, row.id)
    if job_id is not None:
        raise ModelVersionInUse(f"Job {job_id} asks {name}@{version} and has not ended; cancel it or wait.")
    await repository.delete_version(connection, row.id)
    await record(connection, caller, Action.DELETE_MODEL_VERSION, name, version=version)


async def move_alias(
    connection: AsyncConnection,
    caller: Account,
    name: str,
    alias: str,
    version: int,
    *,
    override: str | None = None,
) -> AnyRow:
    """Let an alias name a version, and return it; safe to repeat. `override` is why its gate does not hold.

    Raises:
        ModelNotFound, ModelVersionNotFound, ModelNotYours: it is none of the caller's.
        ModelGateClosed: a gate guards the alias, and the version does not pass it.
    """
    model = await lock_own(connection, caller, name)
    row = await find_version(connection, name, version)
    before = await repository.find_alias(connection, name, alias)
    if before is not None and before.version == version:
        return before
    verdict = await gates.move_alias(
        connection, model.id, alias, row.id, moved_by=caller.id, is_overridden=override is not None
    )
    if not verdict.is_moved:
        raise ModelGateClosed(name, alias, version, verdict)
    await rollouts.end_with_alias(connection, name, alias, version_id=row.id)
    await record(
        connection,
        caller,
        Action.MOVE_MODEL_ALIAS,
        name,
        alias=alias,
        version=version,
        before=None if before is None else before.version,
        **({} if override is None else {"override": override, "gate": verdict.faults}),
    )
    return await find_alias(connection, name, alias)


async def delete_alias(connection: AsyncConnection, caller: Account, name: str, alias: str) -> None:
    """Delete an alias; the version that it names stays.

    Raises:
        ModelNotFound, ModelAliasNotFound, ModelNotYours: it is none of the caller's.
        ModelAliasGuarded: a gate guards it, which the next move of a forgotten alias would pass unseen.
    """
    model = await lock_own(connection, caller, name)
    if await gates.guards(connection, model.id, alias):
        raise ModelAliasGuarded(
            f"A gate guards {name}@{alias}: move it, or remove the gate first "
            f"(DELETE /api/v1/models/{name}/gate)."
        )
    if not await repository.delete_alias(connection, model.id, alias):
        raise ModelAliasNotFound(f"The model {name} has no alias {alias}.")
    await rollouts.end_with_alias(connection, name, alias, version_id=None)
    await record(connection, caller, Action.DELETE_MODEL_ALIAS, name, alias=alias)


async def hand_over(connection: AsyncConnection, caller: Account, name: str, owner_id: int) -> None:
    """Give a model to another account; safe to repeat. Files of its versions stay whose they are.

    Raises:
        ModelNotFound, ModelNotYours: it is none of the caller's.
        NewOwnerNotFound: there is no active account of this id.
    """
    model = await lock_own(connection, caller, name)
    if await accounts.find_account(connection, owner_id) is None:
        raise NewOwnerNotFound(owner_id)
    await repository.set_owner(connection, model.id, owner_id)
    await record(connection, caller, Action.HAND_OVER_MODEL, name, owner_id=owner_id)


async def find(connection: AsyncConnection, name: str) -> AnyRow:
    """Return a model.

    Raises:
        ModelNotFound: there is none of this name.
    """
    row = await repository.find(connection, name)
    if row is None:
        raise not_found(name)
    return row


async def find_version(connection: AsyncConnection, name: str, version: int) -> AnyRow:
    """Return a version.

    Raises:
        ModelVersionNotFound: there is none of this number, or it was deleted.
    """
    row = await repository.find_version(connection, name, version)
    if row is None:
        raise ModelVersionNotFound(f"There is no version {version} of the model {name}.")
    return row


async def find_alias(connection: AsyncConnection, name: str, alias: str) -> AnyRow:
    """Return an alias.

    Raises:
        ModelAliasNotFound: there is none.
    """
    row = await repository.find_alias(connection, name, alias)
    if row is None:
        raise ModelAliasNotFound(f"There is no alias {alias} of a model {name}.")
    return row


async def lock_own(connection: AsyncConnection, caller: Account, name: str) -> AnyRow:
    """Return a model that the caller may change; nobody else changes what there is of it meanwhile.

    Raises:
        ModelNotFound, ModelNotYours: it is none of the caller's.
    """
    row = await repository.lock_owner(connection, name)
    if row is None:
        raise not_found(name)
    if row.owner_id not in require(caller, Permission.REGISTER_MODELS):
        raise ModelNotYours(
            f"The model {name} belongs to {row.email}: ask them or an admin to do it for you or to hand the "
            f"model over (PUT /api/v1/models/{name}/owner)."
        )
    return row


def not_found(name: str) -> ModelNotFound:
    """Return the error that tells that there is no such model."""
    return ModelNotFound(f"There is no model {name}.")


def _require_files(wanted: Mapping[str, str], held: Mapping[str, AnyRow]) -> None:
    missing = [(role, file_id) for role, file_id in wanted.items() if file_id not in held]
    if missing:
        raise ModelInvalid([file_missing(role, file_id) for role, file_id in missing])
