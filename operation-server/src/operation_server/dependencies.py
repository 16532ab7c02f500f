"""What endpoints of all features ask for; it knows none of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query
from starlette.requests import HTTPConnection

Service = TypeVar("Service")


class Services:
    """The services of a process, each found by its class: a feature asks for its own and imports no other."""

    def __init__(self, *services: object) -> None:
        self._by_class: dict[type, Any] = {type(service): service for service in services}

    def __getitem__(self, wanted: type[Service]) -> Service:
        service: Service = self._by_class[wanted]
        return service


async def get_services(connection: HTTPConnection) -> Services:
    """Return the services of this process."""
    services: Services = connection.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(get_services)]


@dataclass(frozen=True, slots=True)
class Pagination:
    """Which part of a list is wanted."""

    skip: int
    limit: int


async def get_pagination(
    skip: Annotated[int, Query(ge=0, le=100_000, description="Leave out this many.")] = 0,
    limit: Annotated[int, Query(ge=1, le=200, description="Return at most this many.")] = 50,
) -> Pagination:
    """Return the wanted part of a list."""
    return Pagination(skip=skip, limit=limit)


PaginationDep = Annotated[Pagination, Depends(get_pagination)]
