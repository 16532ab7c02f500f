"""What can go wrong with plugins."""

from __future__ import annotations

from collections.abc import Sequence

from operation_server.problems import Violation
from satellite.errors import SatelliteError


class PluginInvalid(SatelliteError):
    """The plugin manifest is not valid."""

    code = "plugin_invalid"

    def __init__(self, violations: Sequence[Violation]) -> None:
        named = "; ".join(
            f"{violation.pointer.lstrip('/') or 'manifest'}: {violation.message}" for violation in violations
        )
        super().__init__(f"The plugin manifest is not valid: {named}")
        self.violations = tuple(violations)


class PluginNotFound(SatelliteError):
    """There is no such plugin."""

    code = "plugin_not_found"


class PluginUnreadable(PluginNotFound):
    """The stored manifest of the plugin cannot be read; register it under a new version."""

    code = "plugin_unreadable"


class PluginVersionTaken(SatelliteError):
    """This name and version exist with other content; register the change under a new version."""

    code = "plugin_version_taken"


class PluginInUse(SatelliteError):
    """The plugin still has queued or processing jobs; cancel them or wait for them first."""

    code = "plugin_in_use"


class PluginNotYours(SatelliteError):
    """Only an admin or the account that registered a plugin may delete it."""

    code = "plugin_not_yours"
