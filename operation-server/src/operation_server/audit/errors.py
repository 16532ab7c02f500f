"""What can go wrong with the audit trail."""

from __future__ import annotations

from satellite.errors import SatelliteError


class EntryCursorInvalid(SatelliteError):
    """This is no `next_cursor` of the audit trail."""

    code = "cursor_invalid"
