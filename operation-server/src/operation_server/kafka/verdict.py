"""Whose fault it is that a record was not submitted: its own, or that of what passes."""

from __future__ import annotations

from typing import Any, Final

import structlog
from pydantic import ValidationError

from operation_server.database.errors import DataError
from operation_server.error_handlers import status_of, violations_of
from operation_server.faults import is_beyond_limits, is_outage
from operation_server.problems import Violation, problem_body
from satellite.contracts.json_text import JSONRefused
from satellite.errors import SatelliteError

PASSING_STATUSES: Final = frozenset({401, 429, 503})
AGAIN_AFTER_S: Final = 1.0
AGAIN_AFTER_MAX_S: Final = 2.0
"""However long a rate is used up: until then other partitions wait too, and changes of limits show."""

log = structlog.get_logger(__name__)


def again_after_s(error: Exception) -> float | None:
    """Return after how many seconds the same may go well; None if the record is at fault, and never will."""
    if isinstance(error, SatelliteError) and status_of(error) in PASSING_STATUSES:
        stated = float(getattr(error, "headers", {}).get("Retry-After", AGAIN_AFTER_S))
        return min(stated, AGAIN_AFTER_MAX_S)
    return AGAIN_AFTER_S if is_outage(error) else None


def problem_of(error: Exception) -> dict[str, Any]:
    """Return what is wrong with a record, in the form in which the API tells it of a request."""
    if isinstance(error, ValidationError):
        found = error.errors(include_url=False)
        return _malformed(violations_of([{**each, "loc": ("body", *each["loc"])} for each in found]))
    if isinstance(error, JSONRefused):
        return _malformed([Violation(error.pointer, error.reason)])
    if isinstance(error, SatelliteError):
        return _problem(status_of(error), error.code, str(error), getattr(error, "violations", ()))
    if isinstance(error, DataError) or is_beyond_limits(error):
        return _problem(422, "value_not_storable", "A value of the record cannot be stored or looked up.")
    log.error("a record failed unforeseen", exc_info=error)
    return _problem(500, "internal", "Something went wrong inside the server; its log tells more.")


def _malformed(violations: list[Violation]) -> dict[str, Any]:
    first = violations[0]
    detail = f"The record is malformed: {first.pointer or 'value'}: {first.message}"
    return _problem(422, "request_malformed", detail, violations)


def _problem(status: int, code: str, detail: str, violations: Any = ()) -> dict[str, Any]:
    return problem_body(status=status, code=code, detail=detail, request_id=None, violations=violations)
