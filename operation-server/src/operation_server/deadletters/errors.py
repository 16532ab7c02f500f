"""What can go wrong with dead letters."""

from __future__ import annotations

from satellite.errors import SatelliteError


class DeadLetterNotFound(SatelliteError):
    """There is no such dead letter: the job does not exist or has not failed."""

    code = "dead_letter_not_found"
