"""Moments that callers state."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST: Final = datetime(2200, 1, 1, tzinfo=UTC)


def _refuse_numbers(value: Any) -> Any:
    if isinstance(value, str | datetime):
        return value
    raise PydanticCustomError("moment_type", "must be a moment such as 2026-01-02T03:04:05Z")


def _within_reason(value: datetime) -> datetime:
    # Beyond it a zone can lead out of what a date can say.
    if not FIRST <= value <= LAST:
        raise PydanticCustomError("moment_range", "must be between 1970 and 2200")
    return value.astimezone(UTC)


Moment = Annotated[AwareDatetime, BeforeValidator(_refuse_numbers), AfterValidator(_within_reason)]
"""In UTC, whatever zone it was stated in."""
