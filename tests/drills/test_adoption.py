"""A short drill: a worker is killed under its containers, and their jobs complete at the first attempt."""

from __future__ import annotations

import pytest

from tests.contract.runtimes.conftest import require_engine
from tests.drills.adoption import drilled_platform, strike

pytestmark = [pytest.mark.chaos, pytest.mark.docker, pytest.mark.timeout(900)]


def test_jobs_go_on_where_they_were_when_their_worker_is_killed() -> None:
    require_engine()
    with drilled_platform(slots=8) as (platform, marks):
        struck = strike(platform, marks, fault="kill worker", jobs=5, seconds=45)
    assert (struck.completed, struck.first_attempts, struck.doubled) == (5, 5, 0), struck
