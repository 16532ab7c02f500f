"""Which addresses a webhook may lead to: public ones, and those that an operator has allowed."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

METADATA: Final = frozenset(
    map(ip_address, ("169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254"))
)
"""Where clouds tell machines who they are; nobody may allow these."""
NAT64: Final = ip_network("64:ff9b::/96")
# What hides an address of version 4 in one of version 6, and is used no more.
OBSOLETE: Final = tuple(map(ip_network, ("2002::/16", "2001::/32", "::/96", "64:ff9b:1::/48", "fec0::/10")))


class AddressPolicy:
    """Tells which addresses are refused."""

    def __init__(self, allowed: Iterable[Network] = ()) -> None:
        """Refuse all that is not public, but for `allowed` networks."""
        self._allowed = tuple(allowed)

    def refusal(self, address: Address) -> str | None:
        """Return why nothing may be sent to an address, None if it may."""
        address = plain(address)
        if address in METADATA:
            return "is where a cloud keeps its metadata"
        if self.is_allowed(address):
            return None
        if any(address in network for network in OBSOLETE):
            return "hides another address"
        if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
            return "is no public address"
        return None

    def is_allowed(self, address: Address) -> bool:
        """Tell whether an operator has allowed an address."""
        return any(plain(address) in network for network in self._allowed)


def plain(address: Address) -> Address:
    """Return the address of version 4 that one of version 6 leads to, else the address itself."""
    if not isinstance(address, IPv6Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address in NAT64 else address
