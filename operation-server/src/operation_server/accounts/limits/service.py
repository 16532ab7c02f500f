"""The rules about the limits of accounts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from operation_server.accounts import repository as accounts
from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.accounts.errors import AccountNotFound
from operation_server.accounts.limits.schemas import LimitsInForce, UserLimitsPut, UserLimitsRead
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.limits import repository
from operation_server.limits.submissions import SubmissionLimits
from operation_server.limits.user_limits import LimitsOfUsers
from operation_server.trail.actions import Action
from operation_server.trail.recording import record


class AccountLimitsService:
    """Shows and sets the limits of accounts; for admins."""

    def __init__(self, connections: Connections, users: LimitsOfUsers, submissions: SubmissionLimits) -> None:
        self._connections = connections
        self._users = users
        self._submissions = submissions

    async def get(self, caller: Account, account_id: int) -> UserLimitsRead:
        """Return the limits of an account.

        Raises:
            AdminRequired: the caller may not see them.
            AccountNotFound: there is no such account.
        """
        require(caller, Permission.MANAGE_ACCOUNTS)
        async with self._connections.connect() as connection:
            return await self._read(connection, account_id)

    async def put(self, caller: Account, account_id: int, wanted: UserLimitsPut) -> UserLimitsRead:
        """Set all limits of an account; they hold on every API process within 3 s. Safe to repeat.

        Raises:
            AdminRequired: the caller may not set them.
            AccountNotFound: there is no such account.
        """
        async with self._connections.begin() as connection:
            await put_limits(connection, caller, account_id, wanted)
            limits = await self._read(connection, account_id)
        self._users.forget(account_id)
        self._submissions.forget(account_id)
        return limits

    async def _read(self, connection: AsyncConnection, account_id: int) -> UserLimitsRead:
        account = await accounts.change_account(connection, account_id)
        if account is None:
            raise AccountNotFound(f"There is no account {account_id}.")
        row = await repository.find(connection, account_id)
        own: dict[str, Any] = {} if row is None else row._asdict()
        return UserLimitsRead(
            own=UserLimitsPut(
                max_running=account.max_running,
                **{name: own.get(name) for name in UserLimitsPut.model_fields if name != "max_running"},
            ),
            in_force=LimitsInForce(
                max_running=account.max_running, **asdict(await self._users.read(connection, account_id))
            ),
        )


async def put_limits(
    connection: AsyncConnection, caller: Account, account_id: int, wanted: UserLimitsPut
) -> None:
    """Set all limits of an account.

    Raises:
        AdminRequired: the caller may not set them.
        AccountNotFound: there is no such account.
    """
    require(caller, Permission.MANAGE_ACCOUNTS)
    values = wanted.model_dump()
    account = await accounts.change_account(connection, account_id, max_running=values["max_running"])
    if account is None:
        raise AccountNotFound(f"There is no account {account_id}.")
    await repository.put(
        connection, account_id, **{name: value for name, value in values.items() if name != "max_running"}
    )
    await record(connection, caller, Action.LIMIT_ACCOUNT, account_id, **values)
