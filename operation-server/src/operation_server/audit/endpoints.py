"""Routes to search and export the audit trail."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BeforeValidator
from starlette.responses import StreamingResponse

from operation_server.accounts.caller import CallerDep
from operation_server.audit.repository import EntryFilter
from operation_server.audit.schemas import ENTRY_EXAMPLE, EntryList
from operation_server.audit.service import AuditService
from operation_server.dependencies import ServicesDep
from operation_server.problems import problem_responses
from operation_server.trail.actions import Action
from satellite.contracts.numbers import LARGEST_ID

router = APIRouter(prefix="/audit", tags=["audit"])

JSON_LINES = "application/x-ndjson"
EXPORT_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": {JSON_LINES: {"example": ENTRY_EXAMPLE}}}}
"""One object a line, with no array around them."""


def _refuse_numbers(value: Any) -> Any:
    """Refuse what pydantic would take for seconds since 1970, and the API description does not allow."""
    if isinstance(value, str) and re.fullmatch(r"[-+\d.]+", value):
        raise ValueError("must be a date and time with an offset, such as 2026-01-31T12:00:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_refuse_numbers)]


@dataclass(frozen=True, slots=True)
class EntryQuery:
    """Which entries are wanted."""

    actor_id: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None
    actor: Annotated[str | None, Query(max_length=200, description="The name of an account, exactly.")] = None
    action: Annotated[Action | None, Query()] = None
    object_type: Annotated[str | None, Query(max_length=64, examples=["job"])] = None
    object_id: Annotated[str | None, Query(max_length=200, examples=["42"])] = None
    address: Annotated[str | None, Query(max_length=64)] = None
    is_refused: Annotated[bool | None, Query()] = None
    since: Annotated[Moment | None, Query(description="Not before this time.")] = None
    until: Annotated[Moment | None, Query(description="Before this time.")] = None

    def as_entries(self) -> EntryFilter:
        """Return the filter in terms of entries."""
        return EntryFilter(**asdict(self))


QueryDep = Annotated[EntryQuery, Depends()]


@router.get("", responses=problem_responses(401, 403, 422))
async def list_entries(
    caller: CallerDep,
    services: ServicesDep,
    wanted: QueryDep,
    cursor: Annotated[
        str | None, Query(max_length=64, description="`next_cursor` of the page before.", examples=["1-7"])
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="Return at most this many.")] = 50,
) -> EntryList:
    """Search who did what to which object from where, newest first; for admins."""
    return await services[AuditService].list_page(caller, wanted.as_entries(), cursor=cursor, limit=limit)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses=EXPORT_ANSWER | problem_responses(401, 403, 422),
)
async def export_entries(caller: CallerDep, services: ServicesDep, wanted: QueryDep) -> StreamingResponse:
    """Export all entries that match as JSON lines, oldest first; for admins."""
    lines = await services[AuditService].export(caller, wanted.as_entries())
    return StreamingResponse(lines, media_type=JSON_LINES)
