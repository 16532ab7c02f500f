"""Who gets the candidate, what counts against it, and when it is taken back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from operation_server.database.rows import AnyRow
from operation_server.registry.rollouts.agreement import agree
from operation_server.registry.rollouts.arms import Arm, falls_into
from operation_server.registry.rollouts.schemas import RolloutSettings
from operation_server.registry.rollouts.verdicts import Counts, Verdict, breach, verdict_of

STABLE_GOOD: Counts = {(Arm.STABLE, Verdict.COMPLETED): 180}


class TestDivision:
    @pytest.mark.parametrize(("percent", "least", "most"), [(0, 0, 0), (10, 160, 240), (100, 2_000, 2_000)])
    def test_gives_a_candidate_its_share_of_keys(self, percent: float, least: int, most: int) -> None:
        given = sum(falls_into(7, f"user-{number}", percent=percent) for number in range(2_000))
        assert least <= given <= most

    def test_a_larger_share_includes_a_smaller_one(self) -> None:
        keys = [f"user-{number}" for number in range(1_000)]
        small = {key for key in keys if falls_into(7, key, percent=10)}
        large = {key for key in keys if falls_into(7, key, percent=30)}
        assert small < large

    def test_each_rollout_divides_anew(self) -> None:
        keys = [f"user-{number}" for number in range(1_000)]
        of_first, of_second = ({key for key in keys if falls_into(id_, key, percent=50)} for id_ in (1, 2))
        assert of_first != of_second


class TestAgreement:
    @pytest.mark.parametrize(
        ("wanted", "given", "is_same"),
        [
            ([1.0, 2.0], [1.0005, 2.001], True),
            ([1.0, 2.0], [1.1, 2.0], False),
            (1_000_000, 1_000_500, True),
            (0.0, 0.0009, True),
            ({"label": "cat", "p": 0.9}, {"p": 0.9001, "label": "cat"}, True),
            ({"label": "cat"}, {"label": "dog"}, False),
            ({"label": "cat"}, {"label": "cat", "more": 1}, False),
            ([1, 2], [1, 2, 3], False),
            (True, 1, False),
            (None, None, True),
            (1, "1", False),
        ],
    )
    def test_numbers_may_differ_by_the_tolerance_and_nothing_else(
        self, wanted: Any, given: Any, *, is_same: bool
    ) -> None:
        assert agree(wanted, given, tolerance=0.001) is is_same


class TestVerdicts:
    @pytest.mark.parametrize(
        ("status", "kind", "has_started", "verdict"),
        [
            ("completed", None, True, Verdict.COMPLETED),
            ("failed", "exit", True, Verdict.FAILED),
            ("failed", "image", True, Verdict.FAILED),
            ("failed", "timeout", True, Verdict.FAILED),
            ("failed", "timeout", False, Verdict.UNJUDGED),
            ("failed", "lost", True, Verdict.UNJUDGED),
            ("failed", "internal", True, Verdict.UNJUDGED),
            ("cancelled", None, True, Verdict.UNJUDGED),
        ],
    )
    def test_only_what_a_version_can_be_the_reason_of_counts_against_it(
        self, status: str, kind: str | None, verdict: Verdict, *, has_started: bool
    ) -> None:
        job = SimpleNamespace(status=status, error_kind=kind, has_started=has_started)
        assert verdict_of(cast("AnyRow", job)) is verdict


class TestBreach:
    @pytest.mark.parametrize(
        "counts",
        [
            {},
            {(Arm.CANDIDATE, Verdict.COMPLETED): 50, (Arm.CANDIDATE, Verdict.FAILED): 2},
            # Too few to tell, for one of them was an answer.
            {(Arm.CANDIDATE, Verdict.COMPLETED): 1, (Arm.CANDIDATE, Verdict.FAILED): 10},
            {(Arm.CANDIDATE, Verdict.FAILED): 2},
            {(Arm.CANDIDATE, Verdict.UNJUDGED): 500},
            {(Arm.SHADOW, Verdict.AGREED): 99, (Arm.SHADOW, Verdict.DIFFERED): 1},
            {(Arm.SHADOW, Verdict.SKIPPED): 500},
        ],
    )
    def test_a_candidate_within_its_limits_stays(self, counts: Counts) -> None:
        assert breach({**STABLE_GOOD, **counts}, RolloutSettings()) is None

    @pytest.mark.parametrize(
        ("counts", "why", "arm"),
        [
            ({(Arm.CANDIDATE, Verdict.COMPLETED): 8, (Arm.CANDIDATE, Verdict.FAILED): 12}, "failures",
             "candidate"),
            ({(Arm.CANDIDATE, Verdict.FAILED): 3}, "failures", "candidate"),
            ({(Arm.SHADOW, Verdict.FAILED): 3}, "failures", "shadow"),
            ({(Arm.SHADOW, Verdict.AGREED): 18, (Arm.SHADOW, Verdict.DIFFERED): 2}, "differences", "shadow"),
        ],
    )  # fmt: skip
    def test_one_beyond_them_does_not(self, counts: Counts, why: str, arm: str) -> None:
        found = breach({**STABLE_GOOD, **counts}, RolloutSettings())
        assert found is not None
        assert (found["why"], found["arm"]) == (why, arm)

    def test_what_fails_as_often_as_before_is_no_reason(self) -> None:
        counts: Counts = {
            (Arm.STABLE, Verdict.COMPLETED): 50,
            (Arm.STABLE, Verdict.FAILED): 50,
            (Arm.CANDIDATE, Verdict.COMPLETED): 20,
            (Arm.CANDIDATE, Verdict.FAILED): 20,
        }
        assert breach(counts, RolloutSettings()) is None
