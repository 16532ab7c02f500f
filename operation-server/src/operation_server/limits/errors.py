"""What happens to who asks for too much."""

from __future__ import annotations

import math
from collections.abc import Mapping

from operation_server.limits.rates import Standing
from satellite.errors import SatelliteError


class RateExceeded(SatelliteError):
    """Too many requests; wait for as long as `Retry-After` says."""

    code = "rate_exceeded"

    def __init__(self, standing: Standing) -> None:
        rate = standing.rate
        wait_s = max(1, math.ceil(standing.wait_s))
        super().__init__(
            f"More than {rate.quantity} {rate.what} a minute: try again in {wait_s} s, or ask an admin."
        )
        self.headers: Mapping[str, str] = {"Retry-After": str(wait_s)}


class QueueQuotaReached(SatelliteError):
    """Too many of the account's jobs wait already."""

    code = "queue_quota_reached"

    def __init__(self, *, asked: int, most: int) -> None:
        super().__init__(
            f"The account may have {most} jobs waiting, and {asked} more would be too many:"
            " wait until some have started, cancel some, or ask an admin."
        )
        self.headers: Mapping[str, str] = {"Retry-After": "5"}
