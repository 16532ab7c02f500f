"""The rules about gates."""

from __future__ import annotations

from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.registry import changes
from operation_server.registry.errors import ModelGateNotFound
from operation_server.registry.gates import repository
from operation_server.registry.gates.schemas import GateRead, GateSet
from operation_server.trail.actions import Action
from operation_server.trail.recording import record


class GateService:
    """Sets, shows and removes gates; what they say is asked by whoever moves an alias."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def put(self, caller: Account, name: str, request: GateSet) -> GateRead:
        """Give a model a gate, instead of the one that it has; safe to repeat.

        Raises:
            ModelNotFound, ModelNotYours: it is none of the caller's.
        """
        async with self._connections.begin() as connection:
            model = await changes.lock_own(connection, caller, name)
            stated = request.model_dump()
            await repository.put(connection, model.id, set_by=caller.id, **stated)
            await record(connection, caller, Action.SET_MODEL_GATE, name, **stated)
            return await _find(connection, name)

    async def get(self, name: str) -> GateRead:
        """Return the gate of a model.

        Raises:
            ModelNotFound, ModelGateNotFound: there is none.
        """
        async with self._connections.connect() as connection:
            await changes.find(connection, name)
            return await _find(connection, name)

    async def delete(self, caller: Account, name: str) -> None:
        """Remove the gate of a model: its aliases move freely from now on.

        Raises:
            ModelNotFound, ModelNotYours: it is none of the caller's.
            ModelGateNotFound: it has no gate.
        """
        async with self._connections.begin() as connection:
            model = await changes.lock_own(connection, caller, name)
            if not await repository.remove(connection, model.id):
                raise _no_gate(name)
            await record(connection, caller, Action.DELETE_MODEL_GATE, name)


async def _find(connection: AsyncConnection, name: str) -> GateRead:
    row = await repository.find(connection, name)
    if row is None:
        raise _no_gate(name)
    return GateRead.model_validate(row)


def _no_gate(name: str) -> ModelGateNotFound:
    return ModelGateNotFound(f"The model {name} has no gate.")
