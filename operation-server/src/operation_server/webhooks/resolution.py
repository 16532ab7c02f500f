"""Finds the addresses of a name, and refuses the name if any of them is refused."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address

from operation_server.webhooks.addresses import Address, AddressPolicy
from operation_server.webhooks.errors import WebhookRefused
from operation_server.webhooks.target import Target

ALLOWING = "SATELLITE_NOTIFICATIONS_ALLOWED_NETWORKS"
ANSWER_WITHIN_S = 5.0


class NameUnknown(WebhookRefused):
    """Nobody knows this name, at least now."""

    code = "name_unknown"


async def find_addresses(policy: AddressPolicy, target: Target) -> list[Address]:
    """Return the addresses that a webhook may be sent to, of which all are checked.

    A name with a single refused address is refused: who asks again might get that one.

    Raises:
        WebhookRefused: nothing may be sent there.
        NameUnknown: the name has no address, or nobody says so in time.
    """
    addresses = [target.address] if target.address else await _resolve(target.host, target.port)
    for address in addresses:
        reason = policy.refusal(address)
        if reason is not None:
            what = str(address) if target.address else f"{target.host} is at {address}, which"
            raise WebhookRefused(f"{what} {reason} (an operator may allow it: {ALLOWING})")
        if target.is_plain and not policy.is_allowed(address):
            raise WebhookRefused("is not encrypted; use https, as http goes to allowed networks only")
    return addresses


async def _resolve(host: str, port: int) -> list[Address]:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        raise NameUnknown(f"{host} has no address that anybody knows") from error
    # A scope after % is of this machine; addresses that need one are refused anyway.
    return [ip_address(str(each[4][0]).partition("%")[0]) for each in found]
