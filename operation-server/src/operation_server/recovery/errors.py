"""Why a recovery cannot be finished."""

from __future__ import annotations

from satellite.errors import SatelliteError


class StillWorkedOn(SatelliteError):
    """A dispatcher or results consumer works on the database; stop it, then finish the recovery."""

    code = "still_worked_on"


class RecoveryUnfinished(SatelliteError):
    """A recovery was begun, so something was lost; finish it without --nothing-lost."""

    code = "recovery_unfinished"
