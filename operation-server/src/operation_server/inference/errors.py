"""What can go wrong with requests to models."""

from __future__ import annotations

from collections.abc import Sequence

from operation_server.jobs.errors import InputInvalid
from operation_server.problems import Violation
from satellite.errors import SatelliteError


class RequestUnfit(InputInvalid):
    """The request does not match the signature of its model; `errors` lists each violation."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__(violations)
        first = violations[0]
        self.args = (f"The request does not match its model: {first.pointer or '/'}: {first.message}",)


class InferenceNotFound(SatelliteError):
    """There is no such job, or it asks no model."""

    code = "inference_not_found"


class InferenceUnfinished(SatelliteError):
    """The job has not ended, so there is no result yet; ask again, or submit with `Prefer: wait=N`."""

    code = "inference_unfinished"
