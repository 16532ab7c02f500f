"""TCP ports of the loopback interface."""

from __future__ import annotations

import itertools
import random
import socket
from typing import Final

from satellite.local.errors import PortTaken

OWN_RANGE: Final = range(16_384, 32_768)
"""Below what Linux gives to outgoing connections unless told otherwise, which would take a port between the
look and its use: with bind(0) one of some 4,000 starts of the tests failed so (CI, 2026-11-29)."""
_next_steps = itertools.count(random.randrange(len(OWN_RANGE)))  # noqa: S311 - nothing secret is drawn.


def find_free_port() -> int:
    """Return a port that was free a moment ago."""
    return find_free_ports(1)[0]


def find_free_ports(count: int) -> list[int]:
    """Return different ports that were free a moment ago.

    A process walks on from a place of its own, so that processes that look at the same time find different
    ones.

    Raises:
        LookupError: fewer are free.
    """
    steps = itertools.islice(_next_steps, len(OWN_RANGE))
    candidates = (OWN_RANGE[step % len(OWN_RANGE)] for step in steps)
    ports = list(itertools.islice(filter(is_port_free, candidates), count))
    if len(ports) < count:
        raise LookupError(f"fewer than {count} ports of {OWN_RANGE} are free")
    return ports


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
