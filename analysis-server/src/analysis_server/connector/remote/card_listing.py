"""The cards of this host as `nvidia-smi` tells of them; none where there is no such program."""

import shutil
import subprocess
from typing import Any, Dict, List, Optional

from analysis_server.connector.remote import programs

PROGRAM = "nvidia-smi"
FIELDS = "uuid,index,name,memory.total,memory.used"
ANSWERS_WITHIN_S = 30


class Card:
    """One card, as it is at one moment; memory in MiB, `pids` of whoever computes on it."""

    def __init__(self, uuid: str, index: int, name: str, memory_mib: int, memory_used_mib: int) -> None:
        """Take what was told of it."""
        self.uuid = uuid
        self.index = index
        self.name = name
        self.memory_mib = memory_mib
        self.memory_used_mib = memory_used_mib
        self.pids: List[int] = []

    def facts(self) -> Dict[str, Any]:
        """Return it as it is told to others."""
        return {
            "uuid": self.uuid,
            "index": self.index,
            "name": self.name,
            "memory_mib": self.memory_mib,
            "memory_used_mib": self.memory_used_mib,
        }


def is_there() -> bool:
    """Tell whether this host can tell of cards at all."""
    return shutil.which(PROGRAM) is not None


def list_cards() -> List[Card]:
    """Return all cards; what cannot be understood of the answer is left out."""
    cards = [card for card in (_card(line) for line in _ask("--query-gpu=" + FIELDS)) if card is not None]
    by_uuid = {card.uuid: card for card in cards}
    for line in _ask("--query-compute-apps=gpu_uuid,pid") if cards else ():
        uuid, _, pid = (part.strip() for part in line.partition(","))
        if uuid in by_uuid and pid.isdigit():
            by_uuid[uuid].pids.append(int(pid))
    return sorted(cards, key=lambda card: card.index)


def _card(line: str) -> Optional[Card]:
    parts = [part.strip() for part in line.split(",")]
    try:
        uuid, index, name, total, used = parts
        return Card(uuid, int(index), name, int(total), int(used)) if _is_plain(uuid) else None
    except ValueError:
        return None


def _is_plain(uuid: str) -> bool:
    return uuid.replace("-", "").isalnum()


def _ask(query: str) -> List[str]:
    if not is_there():
        return []
    try:
        done = programs.run([PROGRAM, query, "--format=csv,noheader,nounits"], within_s=ANSWERS_WITHIN_S)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.decode("utf-8", "replace").splitlines() if done.returncode == 0 else []
