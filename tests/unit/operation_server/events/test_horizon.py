"""How far the order of events is complete while transactions commit out of order."""

from __future__ import annotations

from operation_server.events.horizon import Horizon


def test_without_gaps_all_is_complete() -> None:
    assert Horizon().look(0, [1, 2, 3], oldest_running=10, next_transaction=12) == 3


def test_a_gap_is_waited_for_while_whoever_runs_may_fill_it() -> None:
    horizon = Horizon()
    assert horizon.look(0, [1, 3], oldest_running=10, next_transaction=12) == 1
    assert horizon.look(1, [3], oldest_running=10, next_transaction=14) == 1
    assert horizon.look(1, [2, 3, 4], oldest_running=11, next_transaction=15) == 4


def test_a_gap_that_nobody_can_fill_any_more_is_gone_past() -> None:
    horizon = Horizon()
    assert horizon.look(0, [1, 3], oldest_running=10, next_transaction=12) == 1
    assert horizon.look(1, [3, 5], oldest_running=12, next_transaction=20) == 3
    # The gap before 5 is another one, of which it was not known yet.
    assert horizon.look(3, [5], oldest_running=19, next_transaction=21) == 3
    assert horizon.look(3, [5], oldest_running=20, next_transaction=22) == 5


def test_a_new_gap_while_one_is_waited_for_has_its_own_time() -> None:
    horizon = Horizon()
    assert horizon.look(0, [2], oldest_running=5, next_transaction=8) == 0
    assert horizon.look(0, [2, 4], oldest_running=5, next_transaction=9) == 0
    assert horizon.look(0, [2, 4], oldest_running=8, next_transaction=10) == 2


def test_what_a_limited_look_did_not_show_is_not_gone_past() -> None:
    horizon = Horizon(settled_id=100)
    assert horizon.look(0, [3, 7], oldest_running=5, next_transaction=8) == 7
