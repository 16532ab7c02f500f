"""TCP ports of the loopback interface."""

from __future__ import annotations

import socket

from satellite.local.errors import PortTaken


def find_free_port() -> int:
    """Return a port that was free a moment ago."""
    return find_free_ports(1)[0]


def find_free_ports(count: int) -> list[int]:
    """Return different ports that were free a moment ago."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def is_port_free(port: int) -> bool:
    """Tell whether nothing listens on `port` of the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def choose_port(wanted: int | None, *, preferred: int, option: str) -> int:
    """Return the port asked for, else the preferred one if it is free, else any free one.

    Raises:
        PortTaken: the port asked for is in use.
    """
    if wanted is None:
        return preferred if is_port_free(preferred) else find_free_port()
    if not is_port_free(wanted):
        raise PortTaken(wanted, option=option)
    return wanted
