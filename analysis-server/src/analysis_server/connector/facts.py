"""From what a cluster says of itself to what placement and people are told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from analysis_server.connector.agent_messages import Hello, RemoteCard, RemoteFacts, RemoteNode
from satellite.contracts.cluster import ClusterCheck
from satellite.contracts.cluster_nodes import ClusterCard, ClusterNode

_GRES: Final = re.compile(r"^gpu(?::(?P<kind>[^:(]+))?:(?P<count>\d+)")
_IN_FOLDER: Final = re.compile(r"^(\d+)-\d+-[0-9a-f]{8}$")
NEEDED: Final = ("tar",)
USEFUL: Final = ("git",)


def nodes_of(hello: Hello, facts: RemoteFacts) -> list[ClusterNode]:
    """Return the nodes of a cluster: those that Slurm manages, else the host itself."""
    if facts.nodes:
        return [_of_slurm(node) for node in facts.nodes]
    own = ClusterNode(
        name=hello.host,
        cpus=hello.cpus,
        memory_mib=facts.memory.total_mib,
        cards=[_card(card) for card in facts.cards],
    )
    return [own]


def checks_of(hello: Hello) -> list[ClusterCheck]:
    """Return what `satellite cluster doctor` shows."""
    return list(_checks(hello))


def _checks(hello: Hello) -> Iterator[ClusterCheck]:
    yield ClusterCheck(name="python", ok=True, detail=f"{hello.python} ({hello.executable})")
    yield ClusterCheck(name="base folder", ok=hello.base_is_writable, detail=hello.base)
    yield ClusterCheck(
        name="locks",
        ok=hello.locks_are_local,
        detail=hello.locks
        if hello.locks_are_local
        else f"{hello.locks} is in the network: no lock there proves who lives",
    )
    yield ClusterCheck(
        name="logout",
        ok=not hello.kills_at_logout,
        detail="systemd ends processes at logout: `loginctl enable-linger` for the account keeps jobs alive"
        if hello.kills_at_logout
        else "processes live on after the connection ends",
    )
    yield ClusterCheck(
        name="venv",
        ok=hello.has_venv,
        detail="environments of requirements can be made" if hello.has_venv else "install python3-venv",
    )
    for program in (*NEEDED, *USEFUL):
        path = hello.programs.get(program)
        yield ClusterCheck(name=program, ok=path is not None, detail=path or f"install {program}")
    yield ClusterCheck(
        name="cards",
        ok=hello.has_nvidia_smi or bool(hello.facts.nodes),
        detail=f"{len(hello.facts.cards)} cards"
        if hello.has_nvidia_smi
        else "no nvidia-smi: no cards are given",
    )
    yield ClusterCheck(name="launcher", ok=True, detail=f"{hello.launcher} was found there")


def _card(card: RemoteCard) -> ClusterCard:
    return ClusterCard(
        uuid=card.uuid,
        index=card.index,
        name=card.name,
        memory_mib=card.memory_mib,
        memory_used_mib=card.memory_used_mib,
        holder=None if card.holder is None else _holder(card.holder),
    )


def _holder(holder: str) -> str:
    found = _IN_FOLDER.match(holder)
    return f"job {found[1]}" if found else "others"


def _of_slurm(node: RemoteNode) -> ClusterNode:
    found = _GRES.match(node.gres)
    count = int(found["count"]) if found else 0
    kind = (found["kind"] or "") if found else ""
    # Slurm gives them out by number and says nothing of their memory.
    cards = [ClusterCard(uuid=f"{node.name}-{index}", index=index, name=kind) for index in range(count)]
    return ClusterNode(name=node.name, cpus=node.cpus, memory_mib=node.memory_mib, cards=cards)
