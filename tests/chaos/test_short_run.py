"""A short chaos run: every fault at least once under load."""

from __future__ import annotations

import pytest

from tests.chaos.drive import run
from tests.chaos.faults import FAULTS
from tests.chaos.report import write_report

pytestmark = pytest.mark.chaos

RECOVERY_S = 30.0
NOISE = 2.0
"""Two shared cores that also start processes; `make chaos` reports the seconds."""


@pytest.mark.timeout(900)
def test_every_fault_once() -> None:
    tally = run(jobs=300, seed=1, runtime="process", pause_s=1, faults=sorted(FAULTS))
    write_report(tally)
    assert tally.submitted == 300
    assert tally.is_clean, tally
    assert all(max(times) <= NOISE * RECOVERY_S for times in tally.recoveries_s.values()), tally.recoveries_s
