"""A Ray head for one machine: how it is started, and how those who use it find it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

RAY_STARTED: Final = "Ray runtime started"
"""What it prints once it can be used."""

RAY_OBJECT_STORE_BYTES = 78_643_200
"""Ray's minimum: payloads are small and nothing is put into the store."""

RAY_ENVIRONMENT: Final[Mapping[str, str]] = {
    "RAY_enable_metrics_collection": "0",
    "RAY_enable_open_telemetry": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_task_events_report_interval_ms": "0",
    "RAY_enable_timeline": "0",
    "RAY_event_stats": "0",
    "RAY_prestart_worker_first_driver": "0",
    "RAY_worker_niceness": "0",
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",
    "RAY_ROTATION_MAX_BYTES": "10000000",
    "RAY_ROTATION_BACKUP_COUNT": "2",
}
"""Ray without what a single node does not need; its memory monitor would not see containers anyway."""


@dataclass(frozen=True, kw_only=True)
class RayHead:
    """A Ray on loopback ports; with its sockets, whose paths end at 107 bytes, below `folder`."""

    folder: Path
    port: int
    dashboard_port: int
    token: str = field(repr=False)

    @property
    def address(self) -> str:
        """Return what `SATELLITE_RAY_ADDRESS` is to be."""
        return f"127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """Return the variables of the head and of all who use it."""
        # Without a token every local account could run code through Ray.
        return {**RAY_ENVIRONMENT, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token}

    def command(self) -> list[str]:
        """Return the command that runs it in the foreground."""
        return [
            str(Path(sys.executable).with_name("ray")),
            "start",
            "--head",
            "--block",
            "--node-ip-address=127.0.0.1",
            f"--port={self.port}",
            f"--dashboard-port={self.dashboard_port}",
            # Random worker ports: the default range would clash with those of a second head.
            "--min-worker-port=0",
            "--max-worker-port=0",
            "--dashboard-agent-listen-port=0",
            "--include-dashboard=false",
            "--no-monitor",
            "--include-log-monitor=false",
            "--disable-usage-stats",
            f"--object-store-memory={RAY_OBJECT_STORE_BYTES}",
            f"--temp-dir={self.folder}",
            "--log-style=record",
            "--log-color=false",
        ]
