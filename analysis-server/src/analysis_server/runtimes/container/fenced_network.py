"""The network of plugins that may have one: it leads to public addresses and to nothing else.

An engine's own networks lead to the machine, whatever their options (tried on 2026-11-25), so rules of the
machine's firewall stand before it. They lie in the table `raw`, which every packet passes first, before
addresses are translated, and which no engine touches.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

from docker import APIClient
from docker.errors import APIError, NotFound

NETWORK: Final = "satellite-plugins"
BRIDGE: Final = "satellite0"
CHAIN: Final = "SATELLITE-PLUGINS"
OPTIONS: Final = {"com.docker.network.bridge.name": BRIDGE, "com.docker.network.bridge.enable_icc": "false"}
NOT_PUBLIC: Final = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
)  # fmt: skip
"""Networks of the machine and its neighbours; in a cloud 169.254.169.254 hands out credentials."""
RESOLVER_FILES: Final = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))
FILTERS_BRIDGES: Final = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
FIREWALL_S: Final = 10

_HOW: Final = (
    "A worker that runs as root beside its engine makes a fenced network by itself. Else make a network of "
    "the engine from which neither the machine nor private addresses can be reached, and name it in "
    "SATELLITE_WORKER_PLUGIN_NETWORK."
)


class NetworkUnfenced(RuntimeError):
    """There can be no network here that leads to public addresses only."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Plugins with `network` are not run by this worker: {why}. {_HOW}")


def ensure_network(client: APIClient) -> str:
    """Make the network and its fence if they are not there, and return its name; safe to repeat.

    Raises:
        NetworkUnfenced: a part of the fence cannot be made or would not hold.
        APIError: the engine refuses the network.
    """
    found = _find(client) or _make(client)
    if found.get("EnableIPv6") or not OPTIONS.items() <= (found.get("Options") or {}).items():
        raise NetworkUnfenced(
            f"the engine's network {NETWORK!r} is another than this worker would make; remove it"
        )
    if not Path("/sys/class/net", BRIDGE).exists():
        raise NetworkUnfenced("the engine's networks are not among those of the worker's machine")
    if not FILTERS_BRIDGES.exists() or FILTERS_BRIDGES.read_text().strip() != "1":
        raise NetworkUnfenced(
            f"the firewall does not see packets between containers ({FILTERS_BRIDGES} is not 1)"
        )
    _build_fence()
    return NETWORK


def _find(client: APIClient) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = client.inspect_network(NETWORK)
    except NotFound:
        return None
    return found


def _make(client: APIClient) -> dict[str, Any]:
    try:
        client.create_network(NETWORK, driver="bridge", options=dict(OPTIONS), check_duplicate=True)
    except APIError:
        # Another worker was faster: of two networks with one bridge the engine refuses the second.
        if (found := _find(client)) is not None:
            return found
        raise
    return _find(client) or {}


def _build_fence() -> None:
    """Write all rules in one step, then lead the network's packets through them."""
    jump = ["PREROUTING", "-i", BRIDGE, "-j", CHAIN]
    try:
        _firewall("iptables-restore", "--noflush", "-w", "5", rules=rules(resolvers()))
        if _has(jump):
            return
        _firewall("iptables", "-w", "5", "-t", "raw", "-I", *jump)
    except FileNotFoundError:
        raise NetworkUnfenced("iptables is not installed where the worker runs") from None
    except subprocess.CalledProcessError as error:
        raise NetworkUnfenced(f"the firewall takes no rules ({error.stderr.strip()[:200]})") from error
    except subprocess.TimeoutExpired:
        raise NetworkUnfenced(f"the firewall took no rules within {FIREWALL_S} s") from None


def rules(resolvers: Iterator[str]) -> str:
    """Return the rules as `iptables-restore` reads them; name servers may be asked for names, and no more."""
    asked = [
        f"-d {address} -p {kind} --dport 53 -j RETURN" for address in resolvers for kind in ("udp", "tcp")
    ]
    closed = ["-m addrtype --dst-type LOCAL -j DROP", *(f"-d {network} -j DROP" for network in NOT_PUBLIC)]
    lines = [f"-A {CHAIN} {rule}" for rule in (*asked, *closed)]
    return "\n".join(["*raw", f":{CHAIN} - [0:0]", *lines, "COMMIT", ""])


def resolvers() -> Iterator[str]:
    """Return the addresses that the engine hands on to containers as those of name servers."""
    lines = {line for path in RESOLVER_FILES if path.exists() for line in path.read_text().splitlines()}
    for line in sorted(lines):
        word, _, address = line.strip().partition(" ")
        if word == "nameserver" and _is_elsewhere(address.strip()):
            yield address.strip()


def _is_elsewhere(address: str) -> bool:
    try:
        return not IPv4Address(address).is_loopback
    except ValueError:
        return False


def _has(jump: list[str]) -> bool:
    try:
        _firewall("iptables", "-w", "5", "-t", "raw", "-C", *jump)
    except subprocess.CalledProcessError:
        return False
    return True


def _firewall(*command: str, rules: str | None = None) -> None:
    subprocess.run(command, input=rules, text=True, check=True, capture_output=True, timeout=FIREWALL_S)
