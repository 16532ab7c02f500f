"""What can go wrong with backfills."""

from __future__ import annotations

from collections.abc import Sequence

from operation_server.problems import Violation
from satellite.errors import SatelliteError


class BackfillNotFound(SatelliteError):
    """The workflow has no such backfill."""

    code = "backfill_not_found"


class BackfillInvalid(SatelliteError):
    """The backfill cannot begin; `errors` says why."""

    code = "backfill_invalid"

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__(f"The backfill cannot begin: {violations[0].pointer}: {violations[0].message}")
        self.violations = tuple(violations)
