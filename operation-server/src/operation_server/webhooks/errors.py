"""Why a webhook is refused."""

from __future__ import annotations

from collections.abc import Sequence

from operation_server.problems import Violation
from satellite.errors import SatelliteError


class WebhookRefused(SatelliteError):
    """Nothing is sent to this address."""

    code = "webhook_refused"

    def __init__(self, reason: str | None = None, violations: Sequence[Violation] = ()) -> None:
        super().__init__(reason)
        self.reason = reason or (self.__doc__ or "")
        self.violations = violations


class SigningSecretMissing(SatelliteError):
    """You have no secret that signs webhooks of jobs; make one: POST /api/v1/webhook-secret."""

    code = "signing_secret_missing"
