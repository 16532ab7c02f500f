"""What can go wrong with artifacts."""

from __future__ import annotations

from satellite.errors import SatelliteError


class ArtifactNotFound(SatelliteError):
    """The job has no artifact of that name: it wrote none, has not completed, or the file is deleted."""

    code = "artifact_not_found"
