"""Rates of requests: of the user, the API key, and the address that they come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from starlette.requests import HTTPConnection

from operation_server.limits.errors import RateExceeded
from operation_server.limits.rates import Rate, Rates, Standing
from operation_server.limits.user_limits import LimitsOfUsers
from operation_server.settings import LimitSettings
from operation_server.trail.origin import address_of


class KeyRate(Protocol):
    """An API key, by which somebody asks."""

    @property
    def key_id(self) -> int:
        """Return its number."""

    @property
    def requests_per_minute(self) -> int | None:
        """Return its own rate, if it has one beside that of its account."""


class RequestLimits:
    """Counts requests, and refuses those beyond a rate."""

    def __init__(self, rates: Rates, users: LimitsOfUsers, settings: LimitSettings) -> None:
        self._rates = rates
        self._users = users
        self._settings = settings

    async def count(
        self, connection: HTTPConnection, *, user_id: int | None = None, key: KeyRate | None = None
    ) -> None:
        """Count a request or WebSocket, of a stranger without `user_id`; its answer tells what is left.

        Raises:
            RateExceeded: there were too many.
        """
        rates = [*await self._rates_of(user_id, key), *self._rates_from(connection)]
        standings = await self._rates.take(rates)
        connection.scope.setdefault("state", {})["rates"] = standings
        refuse_beyond(standings)

    async def count_record(self, *, user_id: int, key: KeyRate | None) -> None:
        """Count what somebody asks for by other ways than a connection of theirs.

        Raises:
            RateExceeded: there was too much.
        """
        refuse_beyond(await self._rates.take(await self._rates_of(user_id, key)))

    async def _rates_of(self, user_id: int | None, key: KeyRate | None) -> list[Rate]:
        rates = []
        if user_id is not None:
            quantity = (await self._users.of(user_id)).requests_per_minute
            rates.append(Rate(name="user", what="requests", who=str(user_id), quantity=quantity))
        if key is not None and key.requests_per_minute is not None:
            who, quantity = str(key.key_id), key.requests_per_minute
            rates.append(Rate(name="key", what="requests", who=who, quantity=quantity))
        return rates

    def _rates_from(self, connection: HTTPConnection) -> list[Rate]:
        address = address_of(connection.scope)
        if address is None:
            return []
        quantity = self._settings.address_requests_per_minute
        return [Rate(name="address", what="requests", who=address, quantity=quantity)]


def refuse_beyond(standings: Sequence[Standing]) -> None:
    """Raise when what was to be taken has no room.

    Raises:
        RateExceeded: names the rate that has room last.
    """
    longest = max(standings, key=lambda standing: standing.wait_s, default=None)
    if longest is not None and longest.wait_s > 0:
        raise RateExceeded(longest)
