"""What the client does with logins, accounts and API keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from satellite.client.calls import Call, Flow, Request, ask, tell
from satellite.client.connection import Connection
from satellite.client.errors import ClientError
from satellite.client.login import LoginInMemory, Tokens
from satellite.client.models import ApiKey, Grant, Page, User


class AccountCalls(Connection):
    """The part of the clients about who asks."""

    @Call
    def login(self, username: str, password: str) -> Flow[Grant]:
        """Log in by an address and a password, use that login from now on, and return its tokens.

        It renews itself for as long as the server lets it.
        """
        body = {"username": username, "password": password}
        grant = yield from ask(Grant, "POST", "/auth/token", body=body)
        self._login = LoginInMemory(Tokens(access=grant.access_token, refresh=grant.refresh_token))
        self.token = grant.access_token
        return grant

    @Call
    def logout(self) -> Flow[None]:
        """End the login, if there is one, for all who use it."""
        kept = None if self._login is None else self._login.read()
        self._login = self.token = None
        if kept is not None and kept.refresh is not None:
            yield from tell("POST", "/auth/logout", body={"refresh_token": kept.refresh})

    @Call
    def me(self) -> Flow[dict[str, Any]]:
        """Return the account that the token belongs to."""
        return ask(dict[str, Any], "GET", "/users/me")

    @Call
    def is_ready(self) -> Flow[bool]:
        """Tell whether the server takes jobs."""
        try:
            yield Request(method="GET", path="/ready", retry_for_s=0)
        except ClientError:
            return False
        return True

    # Accounts and API keys.

    @Call
    def list_users(self, *, skip: int = 0, limit: int = 100) -> Flow[Page[User]]:
        """List the accounts; for admins."""
        return ask(Page[User], "GET", "/users", params={"skip": skip, "limit": limit})

    @Call
    def create_user(
        self, email: str, password: str, *, full_name: str | None = None, role: str | None = None
    ) -> Flow[User]:
        """Open an account."""
        body = {"email": email, "password": password, "full_name": full_name, "role": role}
        return ask(User, "POST", "/users", body={k: v for k, v in body.items() if v is not None})

    @Call
    def change_user(self, /, user_id: int, **changes: Any) -> Flow[User]:
        """Change an account's `email`, `full_name`, `role`, `is_active` or `max_running`; for admins."""
        return ask(User, "PATCH", f"/users/{user_id}", body=changes)

    @Call
    def reset_password(self, user_id: int, password: str) -> Flow[None]:
        """Set the password of an account, whose logins end; for admins."""
        return tell("PUT", f"/users/{user_id}/password", body={"password": password})

    @Call
    def create_key(
        self,
        name: str,
        *,
        permissions: Sequence[str] | None = None,
        plugins: Sequence[str] | None = None,
        expires_in_s: int | None = None,
        requests_per_minute: int | None = None,
    ) -> Flow[ApiKey]:
        """Make an API key of one's own; its `key` is in this answer only."""
        body = {
            "name": name,
            "permissions": permissions,
            "plugins": plugins,
            "expires_in_s": expires_in_s,
            "requests_per_minute": requests_per_minute,
        }
        return ask(ApiKey, "POST", "/api-keys", body={k: v for k, v in body.items() if v is not None})

    @Call
    def list_keys(self, *, skip: int = 0, limit: int = 100) -> Flow[Page[ApiKey]]:
        """List one's API keys, for admins everybody's."""
        return ask(Page[ApiKey], "GET", "/api-keys", params={"skip": skip, "limit": limit})

    @Call
    def revoke_key(self, key_id: int) -> Flow[None]:
        """Revoke an API key; safe to repeat."""
        return tell("DELETE", f"/api-keys/{key_id}")
