"""What a host tells of itself: its disk, its load, its cards and who holds them."""

import contextlib
import os
from typing import Any, Dict

from analysis_server.connector.remote import card_listing, card_locks, slurm_nodes

MIB = 1 << 20


def changing(base: str) -> Dict[str, Any]:
    """Return what is another thing from one minute to the next."""
    return {
        "cards": cards(base),
        "disk": disk(base),
        "load": list(os.getloadavg()),
        "memory": memory(),
        "nodes": slurm_nodes.nodes(),
    }


def disk(base: str) -> Dict[str, int]:
    """Return the room of the file system of all jobs, in MiB."""
    status = os.statvfs(base)
    free, total = status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize
    return {"free_mib": free // MIB, "total_mib": total // MIB, "free_inodes": status.f_favail}


def memory() -> Dict[str, int]:
    """Return the memory of the host in MiB."""
    found = {}
    with contextlib.suppress(OSError, ValueError), open("/proc/meminfo") as file:
        for line in file:
            name, _, rest = line.partition(":")
            found[name] = int(rest.split()[0]) // 1024
    return {"total_mib": found.get("MemTotal", 0), "available_mib": found.get("MemAvailable", 0)}


def cards(base: str) -> "list[Dict[str, Any]]":
    """Return the cards of this host; `holder` is the job that has one, `foreign` for processes of others."""
    holders = card_locks.holders(base)
    found = []
    for card in card_listing.list_cards():
        holder = holders.get(card.uuid) or ("foreign" if card.pids else None)
        found.append(dict(card.facts(), holder=holder))
    return found
