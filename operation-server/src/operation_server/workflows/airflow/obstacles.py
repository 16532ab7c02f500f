"""What keeps a workflow from being a DAG of Airflow's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from operation_server.problems import Violation
from satellite.errors import SatelliteError


class Obstacle(NamedTuple):
    """A field, of a task or of the workflow, for which Airflow has nothing that does the same."""

    task: str | None
    pointer: str
    """A JSON pointer into the definition."""
    reason: str

    @property
    def violation(self) -> Violation:
        """The same, as errors of the API list it."""
        return Violation(
            self.pointer, self.reason if self.task is None else f"task {self.task}: {self.reason}"
        )


class NotExportable(SatelliteError):
    """Airflow cannot do the same as this workflow; `errors` lists each field."""

    code = "workflow_not_exportable"

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        pointer, message = obstacles[0].violation
        super().__init__(
            f"Airflow cannot do the same as this workflow: {pointer}: {message}"
            + (f" (and {len(obstacles) - 1} more, see `errors`)" if len(obstacles) > 1 else "")
        )
        self.obstacles = tuple(obstacles)
        self.violations = tuple(each.violation for each in obstacles)
