"""What can go wrong with the folders of jobs on clusters."""

from __future__ import annotations

from satellite.errors import SatelliteError


class WorkspaceNotFound(SatelliteError):
    """The job has no folder on a cluster: it is for none, or has not begun."""

    code = "workspace_not_found"
