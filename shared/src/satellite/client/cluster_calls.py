"""What the client does with clusters."""

from __future__ import annotations

from typing import Any

from satellite.client.calls import Call, Flow, ask, tell
from satellite.client.cluster_models import Cluster, ClusterEvent, Node
from satellite.client.connection import Connection
from satellite.client.models import Page
from satellite.client.reading import check_request


class ClusterCalls(Connection):
    """The part of the clients about clusters."""

    @Call
    def create_cluster(self, /, name: str, *, host: str, user: str, **options: Any) -> Flow[Cluster]:
        """Register a cluster; `options` are the further fields, such as `via`, `base_dir`, `labels`.

        Its `authorized_key` has to be put into `authorized_keys` there. For admins only.
        """
        body = {"name": name, "host": host, "user": user, **options}
        check_request(body)
        return ask(Cluster, "POST", "/clusters", body=body)

    @Call
    def list_clusters(self) -> Flow[list[Cluster]]:
        """List all clusters by name."""
        page = yield from ask(Page[Cluster], "GET", "/clusters")
        return page.items

    @Call
    def get_cluster(self, name: str) -> Flow[Cluster]:
        """Return a cluster as its connector has seen it last."""
        return ask(Cluster, "GET", f"/clusters/{name}")

    @Call
    def change_cluster(self, /, name: str, **fields: Any) -> Flow[Cluster]:
        """Change fields of a cluster; at another address its key has to be confirmed anew."""
        check_request(fields)
        return ask(Cluster, "PATCH", f"/clusters/{name}", body=fields)

    @Call
    def trust_cluster(self, name: str, fingerprint: str) -> Flow[Cluster]:
        """Confirm the key that a host on the way to a cluster has shown."""
        return ask(Cluster, "POST", f"/clusters/{name}/trust", body={"fingerprint": fingerprint})

    @Call
    def probe_cluster(self, name: str) -> Flow[Cluster]:
        """Have everything of a cluster looked at anew; its `checks` tell soon."""
        return ask(Cluster, "POST", f"/clusters/{name}/probe")

    @Call
    def drain_cluster(self, name: str) -> Flow[Cluster]:
        """Send a cluster no further jobs."""
        return ask(Cluster, "POST", f"/clusters/{name}/drain")

    @Call
    def resume_cluster(self, name: str) -> Flow[Cluster]:
        """Send a cluster jobs again."""
        return ask(Cluster, "POST", f"/clusters/{name}/resume")

    @Call
    def delete_cluster(self, name: str) -> Flow[None]:
        """Delete a cluster on which no job is active."""
        return tell("DELETE", f"/clusters/{name}")

    @Call
    def list_cluster_nodes(self, name: str) -> Flow[list[Node]]:
        """List the nodes of a cluster with their cards and who holds them."""
        page = yield from ask(Page[Node], "GET", f"/clusters/{name}/nodes")
        return page.items

    @Call
    def list_cluster_events(self, name: str, *, skip: int = 0, limit: int = 50) -> Flow[Page[ClusterEvent]]:
        """List the changes of a cluster's state, newest first."""
        query = {"skip": skip, "limit": limit}
        return ask(Page[ClusterEvent], "GET", f"/clusters/{name}/events", params=query)
