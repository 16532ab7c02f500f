"""What the client does with secrets."""

from __future__ import annotations

from collections.abc import Sequence

from satellite.client.calls import Call, Flow, ask, tell
from satellite.client.connection import Connection
from satellite.client.models import Page, StoredSecret
from satellite.client.reading import check_request


class SecretCalls(Connection):
    """The part of the clients about secrets."""

    @Call
    def create_secret(
        self, name: str, value: str, *, for_all: bool = False, plugins: Sequence[str] = ()
    ) -> Flow[StoredSecret]:
        """Store a secret for jobs of some plugins; `for_all` users' jobs for admins only."""
        body = {"name": name, "value": value, "for_all": for_all, "plugins": list(plugins)}
        check_request(body)
        return ask(StoredSecret, "POST", "/secrets", body=body)

    @Call
    def replace_secret(self, secret_id: str, value: str) -> Flow[StoredSecret]:
        """Put another value in place of a secret's."""
        check_request(value)
        return ask(StoredSecret, "PUT", f"/secrets/{secret_id}/value", body={"value": value})

    @Call
    def list_secrets(self, *, skip: int = 0, limit: int = 100) -> Flow[Page[StoredSecret]]:
        """List the secrets that one's jobs may be given, for admins everybody's; no value is told."""
        query = {"skip": skip, "limit": limit}
        return ask(Page[StoredSecret], "GET", "/secrets", params=query)

    @Call
    def delete_secret(self, secret_id: str) -> Flow[None]:
        """Delete a secret."""
        return tell("DELETE", f"/secrets/{secret_id}")

    @Call
    def grant_secret(self, secret_id: str, plugin_name: str) -> Flow[None]:
        """Let jobs of a plugin have a secret; safe to repeat."""
        return tell("PUT", f"/secrets/{secret_id}/plugins/{plugin_name}")

    @Call
    def revoke_secret(self, secret_id: str, plugin_name: str) -> Flow[None]:
        """Let jobs of a plugin have a secret no more; safe to repeat."""
        return tell("DELETE", f"/secrets/{secret_id}/plugins/{plugin_name}")
