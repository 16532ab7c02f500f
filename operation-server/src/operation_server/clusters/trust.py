"""Which hosts there are on the way to a cluster, and whether their keys are confirmed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from operation_server.clusters.ssh_keys import fingerprint_of


class KnownKey(NamedTuple):
    """A key of a host, as it is stored."""

    host: str
    port: int
    key: str

    @property
    def place(self) -> tuple[str, int]:
        """Return whose key it is."""
        return self.host, self.port

    @property
    def fingerprint(self) -> str:
        """Return what people compare."""
        return fingerprint_of(self.key)


def hosts_of(address: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return the hosts on the way, the bastion first."""
    via = address.get("via")
    hops = [via] if via else []
    return [(hop["host"], hop["port"]) for hop in (*hops, address)]


def read_keys(stored: Iterable[Mapping[str, Any]]) -> list[KnownKey]:
    """Return stored keys."""
    return [KnownKey(each["host"], each["port"], each["key"]) for each in stored]


def merged(before: Sequence[KnownKey], seen: Sequence[KnownKey]) -> list[KnownKey]:
    """Return what hosts have shown last: a host that has shown keys now has shown no others."""
    places = {each.place for each in seen}
    return [*(each for each in before if each.place not in places), *dict.fromkeys(seen)]


def readable(keys: Iterable[KnownKey], hosts: Sequence[tuple[str, int]]) -> list[KnownKey]:
    """Return those keys that are some, and of hosts on the way."""
    return [each for each in keys if each.place in hosts and _is_key(each)]


def is_confirmed(hosts: Sequence[tuple[str, int]], confirmed: Sequence[KnownKey]) -> bool:
    """Tell whether each host has a confirmed key."""
    return set(hosts) <= {each.place for each in confirmed}


def shows_other(confirmed: Sequence[KnownKey], seen: Sequence[KnownKey]) -> bool:
    """Tell whether a host with confirmed keys has shown none of these."""
    return any(
        shown.place in {each.place for each in confirmed}
        and not any(other in confirmed for other in seen if other.place == shown.place)
        for shown in seen
    )


def confirm(
    confirmed: Sequence[KnownKey], seen: Sequence[KnownKey], fingerprint: str
) -> list[KnownKey] | None:
    """Return the confirmed keys with those of a fingerprint for their hosts; None if none is seen."""
    found = [each for each in seen if each.fingerprint == fingerprint]
    if not found:
        return None
    places = {each.place for each in found}
    return [*(each for each in confirmed if each.place not in places), *found]


def _is_key(each: KnownKey) -> bool:
    try:
        fingerprint_of(each.key)
    except ValueError:
        return False
    return True
