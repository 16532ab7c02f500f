"""Clients of both kinds whose server is a function."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import httpx
import pytest

from satellite.client import SatelliteClient
from tests.fixtures.clients import ClientKind, opened

Handler = Callable[[httpx.Request], httpx.Response]


class Mocked(Protocol):
    """Makes a client of a function that answers its requests."""

    def __call__(self, answer: Handler, retry_for_s: float = 0, **options: Any) -> SatelliteClient: ...


@pytest.fixture(params=list(ClientKind))
def kind(request: pytest.FixtureRequest) -> ClientKind:
    """Which client."""
    found: ClientKind = request.param
    return found


@pytest.fixture
def mocked(kind: ClientKind) -> Iterator[Mocked]:
    """Clients whose requests go to a function."""
    with contextlib.ExitStack() as stack:

        def make(answer: Handler, retry_for_s: float = 0, **options: Any) -> SatelliteClient:
            with pytest.MonkeyPatch.context() as patch:
                for name in ("Client", "AsyncClient"):
                    made = functools.partial(
                        getattr(httpx, name),
                        transport=httpx.MockTransport(lambda asked: fresh(answer(asked))),
                    )
                    patch.setattr(httpx, name, made)
                return stack.enter_context(
                    opened(kind, "http://satellite.example", retry_for_s=retry_for_s, **options)
                )

        yield make


def fresh(response: httpx.Response) -> httpx.Response:
    """Return an answer that no other client has read: the first one binds it to its kind."""
    try:
        content = response.content
    except httpx.ResponseNotRead:
        return response
    return httpx.Response(response.status_code, headers=response.headers, content=content)
