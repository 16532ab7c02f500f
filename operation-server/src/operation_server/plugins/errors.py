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


class PluginReportNotFound(SatelliteError):
    """Nobody has sent a report of this version: `satellite plugin register` sends that of the last test."""

    code = "plugin_report_not_found"


class ReportOfOtherContent(SatelliteError):
    """The report is of other content than what is registered; test what you have registered."""

    code = "report_of_other_content"


class PluginInUse(SatelliteError):
    """The plugin still has queued or processing jobs; cancel them or wait for them first."""

    code = "plugin_in_use"


class PluginNotYours(SatelliteError):
    """A plugin's name belongs to who registered it first, or was handed it; ask them or an admin."""

    code = "plugin_not_yours"


class NewOwnerNotFound(SatelliteError):
    """A plugin's name can be handed to an active account only."""

    code = "new_owner_not_found"

    def __init__(self, owner_id: int) -> None:
        told = f"is not the id of an active account: {owner_id}"
        super().__init__(f"owner_id {told}")
        self.violations = (Violation("/owner_id", told),)


class PluginUnusable(SatelliteError):
    """The plugin's schema, accepted by an older release, breaks a rule; register a new version."""

    code = "plugin_unusable"


class InputNotCheckable(SatelliteError):
    """Checking the input by the plugin's schema needs more time or memory than there is for one check."""

    code = "input_not_checkable"


class SchemaChecksBusy(SatelliteError):
    """The schema is not a simple one, and all processes that check by such schemas are busy; try again."""

    code = "schema_checks_busy"
