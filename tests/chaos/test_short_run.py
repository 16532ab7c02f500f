"""A short chaos run: every fault once, each under load."""

from __future__ import annotations

import pytest

from tests.chaos.drive import run
from tests.chaos.faults import FAULTS
from tests.chaos.plan import Plan
from tests.chaos.report import write_report

pytestmark = pytest.mark.chaos

PLAN = Plan(faults=sorted(FAULTS), jobs=300, slots=8, pause_s=0)
RECOVERY_S = 30.0
"""What is promised, on a machine where starting parts takes no time; `make chaos` reports the seconds."""


@pytest.mark.timeout(900)
def test_every_fault_once() -> None:
    tally = run(PLAN)
    write_report(tally)
    assert sorted([*tally.strikes_by_fault(), *tally.left_out]) == sorted(PLAN.faults)
    assert all(strike.queued > 0 and strike.running > 0 for strike in tally.strikes), tally.strikes
    assert tally.accepted == tally.submitted >= PLAN.jobs
    assert tally.executions >= tally.effects >= tally.completed > 0
    assert tally.is_clean, list(tally.broken())
    assert tally.completed_runs == tally.runs > 0
    longest = max(tally.strikes, key=lambda strike: strike.recovery_s)
    assert longest.recovery_s <= RECOVERY_S + tally.start_s, longest
