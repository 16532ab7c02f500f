"""Admits the webhooks of jobs, at every door by which jobs come, and keeps them with their jobs."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Final

from cachetools import TTLCache

from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection
from operation_server.problems import Violation
from operation_server.secrets.envelope import Identity, close
from operation_server.secrets.key_ring import KeyRing
from operation_server.webhooks import repository
from operation_server.webhooks.addresses import AddressPolicy
from operation_server.webhooks.errors import SigningSecretMissing, WebhookRefused
from operation_server.webhooks.resolution import NameUnknown, find_addresses
from operation_server.webhooks.target import Target, parse_target
from satellite.contracts.notification import JobWebhook

REMEMBERED_S: Final = 60.0
MOST_REMEMBERED: Final = 1_000


class WebhookDoor:
    """Checks addresses before anything is stored; whoever sends checks them again."""

    def __init__(self, ring: KeyRing, policy: AddressPolicy) -> None:
        self._ring = ring
        self._policy = policy
        self._known: TTLCache[str, None] = TTLCache(MOST_REMEMBERED, ttl=REMEMBERED_S)

    async def check(self, url: str) -> Target:
        """Return where an address leads to; a name that nobody knows passes, since it may be known later.

        Raises:
            WebhookRefused: nothing may be sent there.
        """
        target = parse_target(url)
        place = f"{target.scheme}://{target.authority}"
        if place not in self._known:
            try:
                await find_addresses(self._policy, target)
            except NameUnknown:
                return target
            self._known[place] = None
        return target

    async def check_all(self, webhooks: Iterable[tuple[str, JobWebhook | None]]) -> None:
        """Check those of some requests, each with the pointer of its place.

        Raises:
            WebhookRefused: nothing may be sent to some; all are named.
        """
        refused: list[Violation] = []
        for at, webhook in webhooks:
            if webhook is not None:
                try:
                    await self.check(webhook.url)
                except WebhookRefused as error:
                    refused.append(Violation(f"{at}/webhook/url", error.reason))
        if refused:
            raise WebhookRefused(f"{refused[0].pointer}: {refused[0].message}", refused)

    async def keep(
        self,
        connection: AsyncConnection,
        caller: Account,
        webhooks: Iterable[tuple[int, JobWebhook | None]],
    ) -> None:
        """Keep the webhooks of jobs or runs, in the transaction that stores these.

        Raises:
            SigningSecretMissing: the caller has nothing that signs them.
            SecretsNotSetUp: there is nothing to encrypt their addresses with.
        """
        wanted = [(job_id, webhook) for job_id, webhook in webhooks if webhook is not None]
        if not wanted:
            return
        if not await repository.has_signing_secret(connection, caller.id):
            raise SigningSecretMissing
        secret_ids = {url: await self._store(connection, caller, url) for url in _urls(wanted)}
        rows = [
            {
                "job_id": job_id,
                "owner_id": caller.id,
                "secret_id": secret_ids[webhook.url],
                "hint": parse_target(webhook.url).authority,
                "kinds": [kind.value for kind in webhook.events],
            }
            for job_id, webhook in wanted
        ]
        await repository.add_job_webhooks(connection, rows)

    async def _store(self, connection: AsyncConnection, caller: Account, url: str) -> str:
        identity = Identity(uuid.uuid4().hex, caller.id, repository.ADDRESS, version=1)
        envelope = close(self._ring, identity, url)
        await repository.add_secret(connection, identity, envelope, channel_id=None)
        return identity.id


def _urls(webhooks: Sequence[tuple[int, JobWebhook]]) -> set[str]:
    return {webhook.url for _, webhook in webhooks}
