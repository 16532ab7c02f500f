"""When the client asks again by itself: what passes by itself, and what is safe to ask twice."""

from __future__ import annotations

import uuid
from typing import Final, TypeVar

import httpx
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_before_delay,
    wait_random_exponential,
)

from satellite.client.errors import APIError, ServerUnreachable, TooManyRequests

PASSING: Final = frozenset({429, 502, 503, 504})
"""A limit, a proxy without its server, a server that is about to stop or is overloaded."""
SAFE: Final = frozenset({"GET", "PUT", "DELETE"})
"""To ask twice has the effect of asking once."""
KEY_HEADER: Final = "Idempotency-Key"
LONGEST_S: Final = 5.0

Repeats = TypeVar("Repeats", Retrying, AsyncRetrying)

_backoff = wait_random_exponential(multiplier=0.1, max=LONGEST_S)


def passes(error: BaseException) -> bool:
    """Tell whether an error may pass by itself."""
    return isinstance(error, ServerUnreachable) or (isinstance(error, APIError) and error.status in PASSING)


def keyed(idempotency_key: str | None) -> dict[str, str]:
    """Return headers by which a submission that is asked again becomes no second job; any key will do."""
    return {KEY_HEADER: idempotency_key or new_key()}


def new_key() -> str:
    """Return a key that nobody else has."""
    return uuid.uuid4().hex


def numbered_key(idempotency_key: str, number: int) -> str:
    """Return the key of one of several jobs that are submitted under one key."""
    return f"{idempotency_key}:{number}"


def retrying(kind: type[Repeats], *, is_harmless: bool, for_s: float) -> Repeats:
    """Return what repeats a request, with growing and random waits, until `for_s` would have passed.

    A request that never reached a server is repeated whatever it is, others only where that is harmless. The
    last error is raised as it is.
    """

    def is_worth_it(error: BaseException) -> bool:
        # At a limit, or without a connection, nothing was done.
        without_effect = isinstance(error, TooManyRequests) or isinstance(error.__cause__, httpx.ConnectError)
        return passes(error) and (is_harmless or without_effect)

    return kind(
        retry=retry_if_exception(is_worth_it), wait=_wait_s, stop=stop_before_delay(for_s), reraise=True
    )


def _wait_s(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    told_s = error.retry_after_s if isinstance(error, TooManyRequests) else 0
    return max(told_s, _backoff(state))
