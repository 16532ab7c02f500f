"""What the address of a webhook says, read so strictly that nobody else reads anything else in it."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from operation_server.webhooks.addresses import Address
from operation_server.webhooks.errors import WebhookRefused

LENGTH_MAX: Final = 2_000
DEFAULT_PORTS: Final = {"https": 443, "http": 80}
PRIVILEGED: Final = 1_024
NOT_SENT: Final = re.compile(r"[^\x21-\x7e]|[\\<>\"^`{|}]")
LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
A_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")


class Target(NamedTuple):
    """Where a webhook leads to."""

    scheme: str
    host: str
    """A name, or an address without brackets."""
    port: int
    path: str
    """With the query."""
    address: Address | None
    """If the host is one."""

    @property
    def is_plain(self) -> bool:
        """Tell whether it goes without TLS."""
        return self.scheme == "http"

    @property
    def authority(self) -> str:
        """Return host and port as the header `Host` has them; it may be shown."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def parse_target(url: str) -> Target:
    """Return what an address says.

    Raises:
        WebhookRefused: it says something that no webhook needs, or that others may read otherwise.
    """
    if len(url) > LENGTH_MAX:
        raise WebhookRefused(f"is longer than {LENGTH_MAX} characters")
    if NOT_SENT.search(url):
        raise WebhookRefused("has a character that stands in no address; encode it by %, a name by punycode")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise WebhookRefused("is no address, such as https://example.com/hook") from error
    if parts.scheme not in DEFAULT_PORTS or not parts.netloc:
        raise WebhookRefused("is no address of https, such as https://example.com/hook")
    if "@" in parts.netloc:
        raise WebhookRefused("has a user name; put what proves who you are into the path or query")
    if parts.fragment or url.endswith("#"):
        raise WebhookRefused("has a fragment (#), which is never sent")
    host, address = _host(parts.netloc, (parts.hostname or "").lower())
    port = DEFAULT_PORTS[parts.scheme] if port is None else port
    if port not in DEFAULT_PORTS.values() and port < PRIVILEGED:
        raise WebhookRefused(f"names port {port}; below {PRIVILEGED} only 80 and 443 are for webhooks")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path, address)


def _host(netloc: str, host: str) -> tuple[str, Address | None]:
    if netloc.startswith("["):
        return _version_6(host)
    labels = host.split(".")
    if A_NUMBER.fullmatch(labels[-1]):
        # Resolvers take 2130706433, 0x7f.1 and 127.1 for addresses; only the usual form is one here.
        try:
            return host, IPv4Address(host)
        except ValueError as error:
            raise WebhookRefused("names a host by a number that is no address such as 192.0.2.1") from error
    if len(host) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        raise WebhookRefused("names no host such as example.com")
    return host, None


def _version_6(host: str) -> tuple[str, Address]:
    try:
        address = IPv6Address(host)
    except ValueError as error:
        raise WebhookRefused("names no host; an address of version 6 looks like [2001:db8::1]") from error
    if address.scope_id is not None:
        raise WebhookRefused("names an interface (%), which other machines do not have")
    return str(address), address
