"""The rules about clusters, as users and admins meet them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.clusters import changes, repository
from operation_server.clusters.errors import ClusterExists, ClusterNotFound
from operation_server.clusters.reading import read_cluster, read_nodes
from operation_server.clusters.schemas import (
    ActiveJobList,
    ActiveJobRead,
    ClusterChange,
    ClusterCreate,
    ClusterEventList,
    ClusterEventRead,
    ClusterList,
    ClusterRead,
    NodeList,
)
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.database.errors import IntegrityError
from operation_server.database.rows import AnyRow
from operation_server.secrets.key_ring import KeyRing
from satellite.contracts.task_names import cluster_queue

ACTIVE_SHOWN = 200


class ClusterService:
    """Registers, shows, trusts, drains and deletes clusters; it connects to none."""

    def __init__(self, connections: Connections, ring: KeyRing) -> None:
        self._connections = connections
        self._ring = ring

    async def create(self, caller: Account, body: ClusterCreate) -> ClusterRead:
        """Register a cluster; see `changes.create`.

        Raises:
            ClusterExists: there is one of this name.
        """
        try:
            async with self._connections.begin() as connection:
                await changes.create(connection, caller, self._ring, body)
                return read_cluster(await _require(connection, body.name))
        except IntegrityError as error:
            raise ClusterExists(f"There is a cluster {body.name} already; change it instead.") from error

    async def list_all(self, caller: Account) -> ClusterList:
        """Return all clusters by name."""
        require(caller, Permission.READ_CLUSTERS)
        async with self._connections.connect() as connection:
            rows = await repository.list_all(connection)
        return ClusterList(total=len(rows), items=[read_cluster(row) for row in rows])

    async def get(self, caller: Account, name: str) -> ClusterRead:
        """Return a cluster.

        Raises:
            ClusterNotFound: there is none of this name.
        """
        return read_cluster(await self._find(caller, name))

    async def list_nodes(self, caller: Account, name: str) -> NodeList:
        """Return the nodes of a cluster with their cards and who holds them.

        Raises:
            ClusterNotFound: there is no such cluster.
        """
        row = await self._find(caller, name)
        nodes = read_nodes(row)
        return NodeList(total=len(nodes), items=nodes, reported_at=row.reported_at)

    async def list_events(self, caller: Account, name: str, *, skip: int, limit: int) -> ClusterEventList:
        """Return a page of what became of a cluster, newest first.

        Raises:
            ClusterNotFound: there is no such cluster.
        """
        require(caller, Permission.READ_CLUSTERS)
        async with self._connections.connect() as connection:
            await _require(connection, name)
            total, rows = await repository.list_events(connection, name, skip=skip, limit=limit)
        return ClusterEventList(total=total, items=[ClusterEventRead.model_validate(row) for row in rows])

    async def list_jobs(self, caller: Account, name: str) -> ActiveJobList:
        """Return the jobs of the caller that are active on a cluster, for admins and viewers all.

        Raises:
            ClusterNotFound: there is no such cluster.
        """
        reach = require(caller, Permission.READ_JOBS)
        async with self._connections.connect() as connection:
            await _require(connection, name)
            rows = await repository.list_active(
                connection, cluster_queue(name), owner_id=reach.owner_id, limit=ACTIVE_SHOWN
            )
        items = [ActiveJobRead.model_validate(row) for row in rows if reach.covers(row.plugin_name)]
        return ActiveJobList(total=len(items), items=items)

    async def change(self, caller: Account, name: str, body: ClusterChange) -> ClusterRead:
        """Change a cluster; see `changes.change`."""
        return await self._changed(
            name, lambda connection: changes.change(connection, caller, self._ring, name, body)
        )

    async def trust(self, caller: Account, name: str, fingerprint: str) -> ClusterRead:
        """Confirm a host's key; see `changes.trust`."""
        return await self._changed(
            name, lambda connection: changes.trust(connection, caller, name, fingerprint)
        )

    async def set_draining(self, caller: Account, name: str, *, draining: bool) -> ClusterRead:
        """Send a cluster no further jobs, or some again; see `changes.set_draining`."""
        return await self._changed(
            name, lambda connection: changes.set_draining(connection, caller, name, draining=draining)
        )

    async def probe(self, caller: Account, name: str) -> ClusterRead:
        """Have everything looked at anew; see `changes.probe`. The answer is of before that."""
        return await self._changed(name, lambda connection: changes.probe(connection, caller, name))

    async def delete(self, caller: Account, name: str) -> None:
        """Delete a cluster; see `changes.delete`."""
        async with self._connections.begin() as connection:
            await changes.delete(connection, caller, name)

    async def _changed(self, name: str, change: Callable[[AsyncConnection], Awaitable[None]]) -> ClusterRead:
        async with self._connections.begin() as connection:
            await change(connection)
            return read_cluster(await _require(connection, name))

    async def _find(self, caller: Account, name: str) -> AnyRow:
        require(caller, Permission.READ_CLUSTERS)
        async with self._connections.connect() as connection:
            return await _require(connection, name)


async def _require(connection: AsyncConnection, name: str) -> AnyRow:
    row = await repository.find(connection, name)
    if row is None:
        raise ClusterNotFound(f"There is no cluster {name}.")
    return row
