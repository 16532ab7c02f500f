"""How rows of clusters are shown, and what connectors are told of them."""

from __future__ import annotations

from typing import Any

from operation_server.clusters.changes import is_trusted
from operation_server.clusters.schemas import ClusterRead, HostKeyRead
from operation_server.clusters.ssh_keys import authorized_line
from operation_server.clusters.trust import KnownKey, read_keys
from operation_server.database.rows import AnyRow
from satellite.contracts.cluster import ClusterSpec
from satellite.contracts.cluster_needs import CLUSTER_LABEL
from satellite.contracts.cluster_nodes import ClusterNode


def read_nodes(row: AnyRow) -> list[ClusterNode]:
    """Return the nodes as of the newest report."""
    return [ClusterNode.model_validate(node) for node in (row.report or {}).get("nodes", [])]


def read_cluster(row: AnyRow) -> ClusterRead:
    """Return a cluster as it is shown."""
    report: dict[str, Any] = row.report or {}
    cards = [card for node in read_nodes(row) for card in node.cards]
    told = ("waiting", "running", "connections")
    return ClusterRead.model_validate(
        {
            **row.address,
            **row.options,
            **{field: getattr(row, field) for field in ClusterRead.model_fields if hasattr(row, field)},
            **{field: report.get(field, 0) for field in told},
            **{field: report.get(field) for field in ("rtt_ms", "disk_free_mib", "disk_total_mib")},
            "checks": report.get("checks", []),
            "is_trusted": is_trusted(row),
            "is_reporting": bool(row.is_reporting),
            "host_keys": list(map(HostKeyRead.model_validate, _host_keys(row))),
            "authorized_key": authorized_line(row.public_key, row.name),
            "cards": len(cards),
            "cards_free": sum(card.holder is None for card in cards),
        }
    )


def spec_of(row: AnyRow) -> ClusterSpec:
    """Return what a connector is told."""
    via, keys = row.address["via"], read_keys(row.host_keys)
    return ClusterSpec.model_validate(
        {
            **row.options,
            "name": row.name,
            "labels": {**row.options["labels"], CLUSTER_LABEL: row.name},
            **_hop(row.address, keys),
            "via": _hop(via, keys) if via else None,
            "draining": row.is_draining,
            "trusted": is_trusted(row),
            "generation": row.generation,
        }
    )


def _hop(address: dict[str, Any], keys: list[KnownKey]) -> dict[str, Any]:
    place = (address["host"], address["port"])
    pinned = [each.key for each in keys if each.place == place]
    return {**{key: address[key] for key in ("host", "port", "user")}, "host_keys": pinned}


def _host_keys(row: AnyRow) -> list[dict[str, Any]]:
    confirmed = read_keys(row.host_keys)
    return [
        {
            "host": key.host,
            "port": key.port,
            "kind": key.key.split()[0],
            "fingerprint": key.fingerprint,
            "is_confirmed": key in confirmed,
        }
        for key in dict.fromkeys([*confirmed, *read_keys(row.seen_host_keys)])
    ]
