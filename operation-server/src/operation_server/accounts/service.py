"""The rules about accounts: who opens, changes and closes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import structlog

from operation_server.accounts import changes, repository
from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account, Role
from operation_server.accounts.credentials import address_of, check_address, check_password, require_fit
from operation_server.accounts.errors import AccountNotFound, AdminRequired, CredentialsRefused
from operation_server.accounts.passwords import PasswordHashing
from operation_server.database.connections import Connections
from operation_server.settings import AdminSettings
from operation_server.trail.actions import Action
from operation_server.trail.recording import record

log = structlog.get_logger(__name__)


class AccountService:
    """Opens, lists and changes accounts."""

    def __init__(
        self, connections: Connections, *, passwords: PasswordHashing, changed: Callable[[], None]
    ) -> None:
        """Call `changed` when an account has changed, so that nothing older is believed of it."""
        self._connections = connections
        self._passwords = passwords
        self._changed = changed

    async def create(
        self,
        caller: Account | None,
        *,
        email: str,
        full_name: str | None,
        password: str,
        role: Role,
        max_running: int | None,
    ) -> Account:
        """Open an account; without a caller, for whoever signs up.

        Raises:
            AdminRequired: it is to have more than who signs up may have, and the caller is not an admin.
            AccountInvalid: the address is none, or the password is easy to guess.
            AddressTaken: there is already one with this address.
            LoginsBusy: too many passwords are being hashed at this moment.
        """
        if caller is not None:
            require(caller, Permission.MANAGE_ACCOUNTS)
        elif role is not Role.USER or max_running is not None:
            raise AdminRequired("Only an admin gives roles and limits; leave them out to sign up.")
        require_fit(*check_address(email), *check_password(password, known=[email, full_name or ""]))
        password_hash = await self._passwords.hash(password)
        async with self._connections.begin() as connection:
            return await changes.create(
                connection,
                caller,
                email=address_of(email),
                full_name=full_name,
                password_hash=password_hash,
                role=role,
                max_running=max_running,
            )

    async def change(self, caller: Account, account_id: int, **values: Any) -> Account:
        """Set the names, role, limit or activity of an account and return it.

        Other API processes go on with what they remember of it for up to 3 s, and with its streams for 2 s.

        Raises:
            AdminRequired: the caller is not an admin.
            AccountNotFound: there is no such account.
            AccountInvalid: the address is none.
            AddressTaken: another account has the address.
            OwnAccountKept: the caller would lock themselves out.
        """
        if "email" in values:
            require_fit(*check_address(values["email"]))
            values["email"] = address_of(values["email"])
        async with self._connections.begin() as connection:
            account = await changes.change(connection, caller, account_id, **values)
        self._changed()
        return account

    async def reset_password(self, caller: Account, account_id: int, password: str) -> None:
        """Set the password of an account; its sessions, tokens and streams end.

        Raises:
            AdminRequired: the caller is not an admin.
            AccountInvalid: the password is easy to guess.
            AccountNotFound: there is no such account.
            LoginsBusy: too many passwords are being hashed at this moment.
        """
        require(caller, Permission.MANAGE_ACCOUNTS)
        await self._set_password(caller, account_id, password)

    async def change_password(self, caller: Account, *, current: str, password: str) -> None:
        """Set the caller's own password; all their sessions, tokens and streams end.

        Raises:
            CredentialsRefused: the current password is another.
            AccountInvalid: the new one is easy to guess.
            LoginsBusy: too many passwords are being hashed at this moment.
        """
        require(caller, Permission.MANAGE_KEYS)
        async with self._connections.connect() as connection:
            stored = await repository.find_credentials(connection, given=caller.email, email=caller.email)
        if stored is None or not await self._passwords.matches(current, stored.password_hash):
            raise CredentialsRefused("The current password is wrong.")
        await self._set_password(caller, caller.id, password, known=[caller.email, caller.full_name or ""])

    async def list_accounts(
        self, caller: Account, *, search: str | None, skip: int, limit: int
    ) -> tuple[int, list[Account]]:
        """Return the number of accounts in whose address or name `search` stands, and a page; for admins."""
        require(caller, Permission.MANAGE_ACCOUNTS)
        async with self._connections.connect() as connection:
            return await repository.list_accounts(connection, search=search, skip=skip, limit=limit)

    async def find(self, caller: Account, account_id: int) -> Account:
        """Return an account, deactivated or not; for admins.

        Raises:
            AdminRequired: the caller is not an admin.
            AccountNotFound: there is no such account.
        """
        require(caller, Permission.MANAGE_ACCOUNTS)
        async with self._connections.connect() as connection:
            account = await repository.change_account(connection, account_id)
        if account is None:
            raise AccountNotFound(f"There is no account {account_id}.")
        return account

    async def _set_password(
        self, caller: Account, account_id: int, password: str, known: Sequence[str] = ()
    ) -> None:
        require_fit(*check_password(password, known=known))
        password_hash = await self._passwords.hash(password)
        async with self._connections.begin() as connection:
            await changes.set_password(connection, caller, account_id, password_hash)
        self._changed()


async def ensure_admin(connections: Connections, settings: AdminSettings) -> None:
    """Make the bootstrap admin when there is no admin and the environment names one; safe to repeat."""
    if not settings.email or settings.password is None:
        return
    async with connections.connect() as connection:
        if await repository.has_admin(connection):
            return
    password_hash = await PasswordHashing(at_once=1, waiting_max=0).hash(settings.password.get_secret_value())
    async with connections.begin() as connection:
        made = await repository.add_account(
            connection,
            email=address_of(settings.email),
            password_hash=password_hash,
            role=Role.ADMIN,
            max_running=None,
        )
        if made is not None:
            await record(connection, None, Action.OPEN_ACCOUNT, made.id, email=made.email, role=made.role)
    if made is not None:
        log.info("made the bootstrap admin", account_id=made.id)
