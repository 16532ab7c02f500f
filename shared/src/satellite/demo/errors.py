"""Why nothing is filled in."""

from __future__ import annotations

from satellite.errors import SatelliteError


class NotFresh(SatelliteError):
    """Others work with this installation, and would find the demo among what is theirs."""

    code = "not_fresh"
