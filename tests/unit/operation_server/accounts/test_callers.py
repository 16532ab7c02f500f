"""How long a process goes on with what it knows of a caller."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from operation_server.accounts.account import Account, Role
from operation_server.accounts.callers import CACHED_S, _until

ADA = Account(
    id=1,
    email="ada@example.com",
    role=Role.USER,
    max_running=None,
    created_at=datetime(2026, 11, 25, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("expires_at", "until"),
    [(math.inf, 100 + CACHED_S), (500.0, 100 + CACHED_S), (101.0, 101.0), (99.0, 99.0)],
)
def test_never_longer_than_three_seconds_nor_than_what_they_showed(expires_at: float, until: float) -> None:
    assert CACHED_S == 3
    assert _until(b"", (ADA, expires_at), 100.0) == until
