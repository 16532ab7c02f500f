"""Routes to make, see and revoke API keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, status

from operation_server.accounts.caller import CallerDep
from operation_server.accounts.keys.schemas import KeyCreate, KeyList, KeyMade, KeyRead
from operation_server.accounts.keys.service import KeyService
from operation_server.dependencies import PaginationDep, ServicesDep
from operation_server.json_route import StrictJSONRoute
from operation_server.problems import problem_responses
from satellite.contracts.numbers import LARGEST_ID

router = APIRouter(prefix="/api-keys", tags=["accounts"], route_class=StrictJSONRoute)

KeyId = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[7])]
OfAccount = Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="Only those of this account.")]


@router.post("", status_code=status.HTTP_201_CREATED, responses=problem_responses(401, 403, 422))
async def create_key(caller: CallerDep, services: ServicesDep, body: KeyCreate) -> KeyMade:
    """Make an API key for a program, for all that one may or for less; its text is shown this once."""
    made = await services[KeyService].create(caller, body.as_terms())
    return KeyMade.model_validate({**made.row._asdict(), "key": made.text})


@router.get("", responses=problem_responses(401, 403, 422))
async def list_keys(
    caller: CallerDep, services: ServicesDep, page: PaginationDep, user_id: OfAccount = None
) -> KeyList:
    """List the caller's API keys, revoked ones too, newest first; for admins everybody's."""
    total, rows = await services[KeyService].list_page(
        caller, account_id=user_id, skip=page.skip, limit=page.limit
    )
    return KeyList(total=total, items=[KeyRead.model_validate(row) for row in rows])


@router.delete(
    "/{key_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problem_responses(401, 403, 404)
)
async def revoke_key(caller: CallerDep, services: ServicesDep, key_id: KeyId) -> None:
    """Revoke an API key; within 5 s it opens nothing any more, and its streams have ended."""
    await services[KeyService].revoke(caller, key_id)
