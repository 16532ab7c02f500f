"""A client that does not give up: whoever talks to a platform that is being hurt has to ask again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection
from typing import Any

import httpx
import psutil
import psycopg

from tests.acceptance.platform import Platform

PASSING = (httpx.HTTPError, psycopg.Error, psutil.Error, KeyError, ValueError)
"""What is seen while a part is away: no answer, no login, no process to find."""


def connect(platform: Platform) -> httpx.Client:
    """Log in, however long the API is away."""
    client: httpx.Client = until_no_error(platform.api)
    return client


def persist(call: Callable[[], httpx.Response], *, also: Collection[int] = ()) -> dict[str, Any]:
    """Repeat a request until it is answered with success, or with one of the codes that will do as well."""

    def attempt() -> dict[str, Any]:
        answer = call()
        if answer.status_code >= 500:
            raise httpx.HTTPError(answer.text)
        assert answer.is_success or answer.status_code in also, answer.text
        body: dict[str, Any] = answer.json()
        return body

    body: dict[str, Any] = until_no_error(attempt)
    return body


def until_no_error(call: Callable[[], Any], *, timeout_s: float = 90) -> Any:
    """Call until no passing error comes; raise the last one at the deadline."""
    deadline = time.monotonic() + timeout_s
    while True:
        with contextlib.suppress(*PASSING):
            return call()
        if time.monotonic() > deadline:
            return call()
        time.sleep(0.2)
