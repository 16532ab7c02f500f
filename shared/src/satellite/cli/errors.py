"""What is wrong with a command line beyond what its parser sees."""

from __future__ import annotations

from satellite.errors import SatelliteError


class BadUsage(SatelliteError):
    """The command line is wrong."""

    code = "usage"
