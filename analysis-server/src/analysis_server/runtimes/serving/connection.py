"""What server mode needs of a runtime: a started plugin, its streams, and its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.run.pump import Reader
from analysis_server.runtimes.run.verdict import Ending
from satellite.contracts.outcome import JobError
from satellite.contracts.plugin_manifest import PluginManifest

MODE_VARIABLE = "SATELLITE_PLUGIN_MODE"
MARKS_VARIABLE = "SATELLITE_PLUGIN_LOG_MARKS"
"""Says which marks on stderr are of use: `begin`, and `end` where what was logged before an answer may be
read after it."""

Sink = Callable[[bytes], None]


class ServerConnection(Protocol):
    """A started server, used by the one thread that reads from it."""

    sampled: bool
    """Whether `over_memory` must be asked now and then."""

    def readers(self) -> dict[int, Reader]:
        """Return the descriptors to read from, what was written to stderr first."""

    def stdin(self) -> int:
        """Return the descriptor to write requests to."""

    def kill(self) -> None:
        """Begin to kill all of it; never blocks, and does no harm when called again."""

    def over_memory(self) -> bool:
        """Tell whether it uses more than its manifest allows, where nobody else watches that."""

    def finish(self) -> Ending:
        """Wait for the end, leave nothing running, release everything, and tell how it ended."""


class ServerOpener(Protocol):
    """Starts servers of one runtime."""

    def open_connection(self, request: RunRequest, *, stdout: Sink, stderr: Sink) -> ServerConnection:
        """Start the plugin of `request` as a server, with what it writes going to the two sinks."""

    def explain(self, error: Exception, manifest: PluginManifest) -> JobError:
        """Tell why a start failed."""
