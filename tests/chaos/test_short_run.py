"""A short chaos run: every fault once, each under load."""

from __future__ import annotations

import pytest

from tests.chaos.drive import run
from tests.chaos.faults import FAULTS
from tests.chaos.report import write_report

pytestmark = pytest.mark.chaos

JOBS = 300
RECOVERY_S = 30.0
NOISE = 2.0
"""Two shared cores that also start processes; `make chaos` reports the seconds."""


@pytest.mark.timeout(900)
def test_every_fault_once() -> None:
    tally = run(jobs=JOBS, seed=1, runtime="process", pause_s=0, faults=sorted(FAULTS))
    write_report(tally)
    assert sorted([*tally.strikes_by_fault(), *tally.left_out]) == sorted(FAULTS)
    assert all(strike.queued > 0 and strike.running > 0 for strike in tally.strikes), tally.strikes
    assert tally.accepted == tally.submitted >= JOBS
    assert tally.executions >= tally.effects >= tally.completed > 0
    assert tally.is_clean, list(tally.broken())
    assert all(strike.recovery_s <= NOISE * RECOVERY_S for strike in tally.strikes), tally.strikes
