"""A lock for each card of this host, held by a job and by all that descends from it."""

import os
from typing import Dict, List, Optional

from analysis_server.connector.remote import locks
from analysis_server.connector.remote.folders import private


def folder(base: str) -> str:
    """Return the folder of the locks: of the account, not of one base, as cards are the host's."""
    return private(os.path.join(locks.host_locks(base), "cards"))


def lock_path(base: str, uuid: str) -> str:
    """Return the file of one card's lock."""
    return os.path.join(folder(base), uuid + ".lock")


def take_all(base: str, uuids: List[str], name: str) -> Optional[List[locks.Held]]:
    """Return the locks of all these cards, taken in order, or None if one of them is held."""
    taken: List[locks.Held] = []
    for uuid in sorted(uuids):
        held = locks.take(lock_path(base, uuid), wait_s=0.2)
        if held is None:
            for lock in taken:
                lock.close()
            return None
        os.ftruncate(held.fd, 0)
        os.pwrite(held.fd, name.encode("ascii"), 0)
        taken.append(held)
    return taken


def is_free(base: str, uuid: str) -> bool:
    """Tell whether nobody holds a card's lock."""
    return not locks.is_held(lock_path(base, uuid))


def holders(base: str) -> Dict[str, str]:
    """Return who holds which card, by its UUID."""
    found = {}
    for entry in sorted(os.listdir(folder(base))):
        path = os.path.join(folder(base), entry)
        if entry.endswith(".lock") and locks.is_held(path):
            with open(path) as file:
                found[entry[: -len(".lock")]] = file.read()
    return found
