"""What can go wrong with jobs."""

from __future__ import annotations

from collections.abc import Sequence

from operation_server.problems import Violation
from satellite.errors import SatelliteError


class JobNotFound(SatelliteError):
    """There is no such job."""

    code = "job_not_found"


class JobNotYours(SatelliteError):
    """This is somebody else's job."""

    code = "job_not_yours"


class JobAlreadyFinished(SatelliteError):
    """The job has finished; there is nothing to cancel."""

    code = "job_already_finished"


class JobNotRetryable(SatelliteError):
    """Only failed and cancelled jobs and runs can be run again."""

    code = "job_not_retryable"


class LogNotFound(SatelliteError):
    """There is no log of this attempt."""

    code = "log_not_found"


class InputInvalid(SatelliteError):
    """The job does not match its plugin; `errors` lists each violation."""

    code = "input_invalid"

    def __init__(self, violations: Sequence[Violation]) -> None:
        first = violations[0]
        super().__init__(
            f"The job does not match its plugin: {first.pointer or '/'}: {first.message}"
            + (f" (and {len(violations) - 1} more, see `errors`)" if len(violations) > 1 else "")
        )
        self.violations = tuple(violations)


class BatchInvalid(InputInvalid):
    """At least one job of the batch cannot be accepted, so none is; `errors` names each by its index."""

    code = "batch_invalid"


class InputFilesMissing(SatelliteError):
    """The job needs files that are not there; `errors` names each place."""

    code = "input_files_missing"

    def __init__(self, violations: Sequence[Violation]) -> None:
        first = violations[0]
        super().__init__(f"The job needs what is not there: {first.pointer or '/'}: {first.message}")
        self.violations = tuple(violations)


class IdempotencyKeyReused(SatelliteError):
    """This Idempotency-Key was used for another request; use a new key for new work."""

    code = "idempotency_key_reused"

    def __init__(self, violations: Sequence[Violation] = ()) -> None:
        super().__init__()
        self.violations = tuple(violations)
