"""The rules about rollouts."""

from __future__ import annotations

from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.database.rows import AnyRow
from operation_server.problems import Violation
from operation_server.registry import changes as models
from operation_server.registry.rollouts import changes, repository
from operation_server.registry.rollouts.errors import RolloutInvalid, RolloutNotFound
from operation_server.registry.rollouts.schemas import RolloutChange, RolloutRead


class RolloutService:
    """Begins, shows and ends rollouts."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def set(self, caller: Account, name: str, request: RolloutChange) -> tuple[RolloutRead, bool]:
        """Begin a rollout, or change the running one of this candidate; return it, and whether it is new.

        Raises:
            ModelNotFound, ModelNotYours: it is none of the caller's models.
            ModelVersionNotFound, ModelAliasNotFound: it has no such version or alias.
            RolloutInvalid: the candidate is what the alias names, or another plugin loads it.
        """
        async with self._connections.begin() as connection:
            model = await models.lock_own(connection, caller, name)
            alias = await models.find_alias(connection, name, request.alias)
            stable = await models.find_version(connection, name, alias.version)
            candidate = await models.find_version(connection, name, request.candidate)
            _require_fit(stable, candidate, request.alias)
            is_new = await changes.set_rollout(
                connection,
                caller,
                model.id,
                request.settings(),
                alias=alias,
                stable=stable,
                candidate=candidate,
            )
            return await _read(connection, name), is_new

    async def get(self, name: str) -> RolloutRead:
        """Return the running rollout of a model, or else its last.

        Raises:
            ModelNotFound, RolloutNotFound: there is none.
        """
        async with self._connections.connect() as connection:
            await models.find(connection, name)
            return await _read(connection, name)

    async def stop(self, caller: Account, name: str) -> None:
        """Let the alias answer alone from now on.

        Raises:
            ModelNotFound, ModelNotYours: it is none of the caller's.
            RolloutNotFound: none is running.
        """
        async with self._connections.begin() as connection:
            await models.lock_own(connection, caller, name)
            if not await changes.stop(connection, caller, name):
                raise RolloutNotFound(f"No rollout of the model {name} is running.")


async def _read(connection: AsyncConnection, name: str) -> RolloutRead:
    row = await repository.find_last(connection, name)
    if row is None:
        raise RolloutNotFound(f"The model {name} has had no rollout.")
    counts: dict[str, dict[str, int]] = {}
    for (arm, verdict), jobs in sorted((await repository.counts_of(connection, row.id)).items()):
        counts.setdefault(arm.value, {})[verdict.value] = jobs
    return RolloutRead.of(row, counts)


def _require_fit(stable: AnyRow, candidate: AnyRow, alias: str) -> None:
    if stable.id == candidate.id:
        told = f"{alias} names version {candidate.version} already"
        raise RolloutInvalid([Violation("/candidate", told)])
    if stable.plugin_name != candidate.plugin_name:
        # Keys may be limited to plugins, and secrets are granted to them: nobody may be refused by chance.
        told = f"is loaded by {candidate.plugin_name}: it has to be {stable.plugin_name}, as of {alias}"
        raise RolloutInvalid([Violation("/candidate", told)])
