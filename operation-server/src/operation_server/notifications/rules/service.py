"""The rules about rules."""

from __future__ import annotations

from operation_server.accounts.account import Account
from operation_server.database.connections import Connections
from operation_server.notifications.access import require_own
from operation_server.notifications.rules import changes, repository
from operation_server.notifications.rules.schemas import RuleList, RulePut, RuleRead


class RuleService:
    """Makes, shows, changes and deletes rules."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def create(self, caller: Account, request: RulePut) -> RuleRead:
        """Make a rule, which tells of what happens from now on; see `changes.create`."""
        async with self._connections.begin() as connection:
            return RuleRead.model_validate(await changes.create(connection, caller, request))

    async def replace(self, caller: Account, rule_id: int, request: RulePut) -> RuleRead:
        """Put something else in place of a rule's content; see `changes.replace`."""
        async with self._connections.begin() as connection:
            return RuleRead.model_validate(await changes.replace(connection, caller, rule_id, request))

    async def find(self, caller: Account, rule_id: int) -> RuleRead:
        """Return a rule; see `changes.find`."""
        async with self._connections.connect() as connection:
            return RuleRead.model_validate(await changes.find(connection, caller, rule_id))

    async def list_page(self, caller: Account, *, skip: int, limit: int) -> RuleList:
        """Return a page of the caller's rules."""
        owner_id = require_own(caller)
        async with self._connections.connect() as connection:
            total, rows = await repository.list_page(connection, owner_id, skip=skip, limit=limit)
        return RuleList(total=total, items=[RuleRead.model_validate(row) for row in rows])

    async def delete(self, caller: Account, rule_id: int) -> None:
        """Delete a rule; see `changes.delete`."""
        async with self._connections.begin() as connection:
            await changes.delete(connection, caller, rule_id)
