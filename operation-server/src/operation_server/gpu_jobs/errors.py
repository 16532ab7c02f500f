"""What can go wrong with what is asked for of clusters."""

from __future__ import annotations

from operation_server.problems import Violation
from satellite.errors import SatelliteError


class NotOnClusters(SatelliteError):
    """The request names another plugin and what only `gpu-job` takes."""

    code = "not_on_clusters"

    def __init__(self, fields: list[str], plugin: str) -> None:
        super().__init__(
            f"{', '.join(fields)}: only {plugin} takes that; give it to the plugin as input_data."
        )
        self.violations = tuple(Violation(f"/{field}", "is not for this plugin") for field in fields)
