"""What can go wrong with notifications."""

from __future__ import annotations

from collections.abc import Sequence

from operation_server.problems import Violation
from satellite.errors import SatelliteError


class ChannelNotFound(SatelliteError):
    """You have no such channel."""

    code = "channel_not_found"


class ChannelExists(SatelliteError):
    """You have a channel of this name already."""

    code = "channel_exists"


class ChannelInvalid(SatelliteError):
    """The channel cannot be told by like this."""

    code = "channel_invalid"


class ChannelsMissing(SatelliteError):
    """The rule names channels that you do not have."""

    code = "channels_missing"

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__(violations[0].message)
        self.violations = tuple(violations)


class ChannelDisabled(SatelliteError):
    """The channel is disabled; enable it first."""

    code = "channel_disabled"


class EmailNotSetUp(SatelliteError):
    """This installation sends no e-mail; an operator has to set SATELLITE_SMTP_HOST."""

    code = "email_not_set_up"


class NotificationQuotaReached(SatelliteError):
    """You have as many of these as an account may have; delete some."""

    code = "notification_quota_reached"


class RuleNotFound(SatelliteError):
    """You have no such rule."""

    code = "rule_not_found"


class DeliveryNotFound(SatelliteError):
    """You have no such delivery; ended ones are kept for some days."""

    code = "delivery_not_found"


class DeliveryPending(SatelliteError):
    """It is still being tried."""

    code = "delivery_pending"
