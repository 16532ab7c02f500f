"""The `Prefer` header."""

from __future__ import annotations

import pytest

from operation_server.jobs.preferences import wait_seconds


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, None),
        ("", None),
        ("wait=5", 5),
        ("respond-async, WAIT = 7", 7),
        ('wait="3"; x=1', 3),
        ("wait=0", None),
        ("wait=999", 60),
        pytest.param(f"wait={10**30}", 60, id="huge"),
        pytest.param(f"wait={'9' * 5_000}", 60, id="thousands of digits"),
        pytest.param(f"wait={'0' * 10}7", 7, id="zeros before"),
        ("wait=1.5", None),
        ("wait=-1", None),
        ("await=5", None),
        ("wait=soon", None),
    ],
)
def test_wait_is_read_and_the_rest_ignored(prefer: str | None, seconds: int | None) -> None:
    assert wait_seconds(prefer) == seconds
