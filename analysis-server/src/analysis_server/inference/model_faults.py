"""What a caller is told when a model gives no answer; how its process died is for the log alone."""

from __future__ import annotations

import structlog

from analysis_server.inference.errors import AnswerLate, InputInvalid, ModelFailed, ModelUnavailable
from satellite.contracts.outcome import ErrorKind, JobError
from satellite.errors import SatelliteError
from satellite.schemas.faults import Fault

logger = structlog.get_logger(__name__)


def as_error(model: str, error: JobError | None) -> SatelliteError:
    """Return the error of a request; None: it was ended with the server."""
    if error is None:
        return ModelUnavailable("The server is being stopped.")
    if error.kind is ErrorKind.INPUT:
        return InputInvalid([_placed(error.message)])
    logger.warning(
        "model failed", model=model, kind=error.kind, error=error.message, stderr=error.stderr_tail
    )
    if error.kind is ErrorKind.TIMEOUT:
        return AnswerLate()
    if error.kind in {ErrorKind.EXIT, ErrorKind.OUTPUT} and error.exit_code is None:
        return ModelFailed(f"The model failed at this request: {error.message}")
    return ModelUnavailable()


def _placed(message: str) -> Fault:
    """Return what a model says of a request, which begins with where if it says that."""
    pointer, _, rest = message.partition(" ")
    return Fault(pointer, rest) if pointer.startswith("/") else Fault("/data", message)
