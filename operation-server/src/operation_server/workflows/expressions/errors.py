"""What can go wrong when an expression is evaluated."""

from __future__ import annotations

from satellite.errors import SatelliteError


class ExpressionFailed(SatelliteError):
    """The expression has no value; the message says why."""

    code = "expression_failed"
