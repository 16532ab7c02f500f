"""What the client does with plugins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satellite.client.calls import Call, Flow, ask, tell
from satellite.client.connection import Connection
from satellite.client.models import Page, Plugin
from satellite.client.reading import check_request
from satellite.contracts.plugin_report import Report


class PluginCalls(Connection):
    """The part of the clients about plugins."""

    @Call
    def register_plugin(self, manifest: Mapping[str, Any]) -> Flow[Plugin]:
        """Register a version of a plugin; the same content again is the same version."""
        check_request(dict(manifest))
        return ask(Plugin, "POST", "/plugins", body=dict(manifest))

    @Call
    def list_plugins(self, *, name: str | None = None, skip: int = 0, limit: int = 100) -> Flow[Page[Plugin]]:
        """List the registered plugins."""
        query = {"name": name, "skip": skip, "limit": limit}
        return ask(Page[Plugin], "GET", "/plugins", params=query)

    @Call
    def get_plugin(self, name: str) -> Flow[Plugin]:
        """Return the newest version of a plugin."""
        return ask(Plugin, "GET", f"/plugins/{name}")

    @Call
    def list_plugin_versions(self, name: str) -> Flow[Page[Plugin]]:
        """List the versions of a plugin, newest first."""
        return ask(Page[Plugin], "GET", f"/plugins/{name}/versions")

    @Call
    def get_plugin_version(self, name: str, version: str) -> Flow[Plugin]:
        """Return a version of a plugin."""
        return ask(Plugin, "GET", f"/plugins/{name}/versions/{version}")

    @Call
    def send_plugin_report(self, name: str, version: str, report: Report) -> Flow[None]:
        """Keep with a version what `satellite plugin test` said of it; the last one stays.

        Raises:
            Conflict: it is of other content than what is registered.
        """
        body = report.bounded().model_dump(mode="json")
        return tell("PUT", f"/plugins/{name}/versions/{version}/report", body=body)

    @Call
    def get_plugin_report(self, name: str, version: str) -> Flow[Report]:
        """Return what `satellite plugin test` said of a version.

        Raises:
            NotFound: there is no such version, or nothing was said of it.
        """
        return ask(Report, "GET", f"/plugins/{name}/versions/{version}/report")

    @Call
    def pause_plugin(self, name: str) -> Flow[Plugin]:
        """Let jobs of a plugin wait, those that run go on; safe to repeat."""
        return ask(Plugin, "POST", f"/plugins/{name}/pause")

    @Call
    def resume_plugin(self, name: str) -> Flow[Plugin]:
        """Let jobs of a plugin run again; safe to repeat."""
        return ask(Plugin, "POST", f"/plugins/{name}/resume")
