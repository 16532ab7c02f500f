"""What can go wrong with workers."""

from __future__ import annotations

from satellite.errors import SatelliteError


class WorkerNotFound(SatelliteError):
    """No worker of this name lives, and none was drained."""

    code = "worker_not_found"
