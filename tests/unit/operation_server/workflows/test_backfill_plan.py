"""Which ticks a backfill runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from operation_server.workflows.backfills.planning import plan
from satellite.contracts.workflow_schedule import BackfillScope

FIRST = datetime(2026, 3, 2, tzinfo=UTC)
STATES = {"ran": "completed", "failed": "failed", "cancelled": "cancelled", "open": "processing"}
NAMES = ["none", *STATES, "taken"]
TICKS = {name: FIRST + timedelta(days=day) for day, name in enumerate(NAMES)}


@pytest.mark.parametrize(
    ("scope", "wanted"),
    [
        (BackfillScope.MISSING, ["none"]),
        (BackfillScope.FAILED, ["failed", "cancelled"]),
        (BackfillScope.ALL, ["none", "ran", "failed", "cancelled"]),
    ],
)
def test_what_runs(scope: BackfillScope, wanted: list[str]) -> None:
    states = {TICKS[name]: state for name, state in STATES.items()}
    planned = plan(list(TICKS.values()), scope, states=states, pending={TICKS["taken"]: 4})
    assert [name for name, tick in zip(NAMES, planned, strict=True) if tick.left_out is None] == wanted


def test_reasons_are_told() -> None:
    states = {TICKS[name]: state for name, state in STATES.items()}
    planned = plan(list(TICKS.values()), BackfillScope.MISSING, states=states, pending={TICKS["taken"]: 4})
    assert [tick.left_out for tick in planned] == [
        None,
        "has a run, which is completed",
        "has a run, which is failed",
        "has a run, which is cancelled",
        "its run is under way",
        "backfill 4 runs it",
    ]
