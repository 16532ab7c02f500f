"""How figures are reckoned and told; what they measure is measured elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.performance import fanout
from tests.performance.figure import Figure
from tests.performance.jobs import quantile
from tests.performance.memory import Sample, growth_per_10_000
from tests.performance.peers.__main__ import Row, last_line
from tests.performance.report import report


def test_a_figure_stands_beside_its_floor() -> None:
    figure = Figure(name="one", value=30, unit="ms", floor=10, floor_name="bare", target="<= 5 x")
    assert figure.row() == ("one", "30.0 ms", "10.0 ms (bare)", "3.00", "<= 5 x")
    assert Figure(name="two", value=1, unit="s").row() == ("two", "1.0 s", "", "", "")


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 51), (0.99, 100), (1.0, 100)])
def test_a_quantile_is_one_of_the_values(share: float, value: float) -> None:
    assert quantile(range(1, 101), share) == value


def test_the_report_can_be_read_by_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report([Figure(name="one", value=30, unit="ms", floor=10)], tmp_path / "build" / "bench.json")
    written = json.loads((tmp_path / "build" / "bench.json").read_text())
    assert written["figures"][0]["ratio"] == 3
    assert "one" in capsys.readouterr().out


def test_growth_is_between_the_first_and_the_last_quarter() -> None:
    """A jump at the start, as by a cache, counts once; a straight line counts as it is."""
    line = [Sample(jobs=jobs, mib={"worker": 100 + jobs / 10_000}) for jobs in range(0, 50_000, 2_500)]
    assert growth_per_10_000(line, "worker") == pytest.approx(1)
    flat = [Sample(jobs=jobs, mib={"worker": 100}) for jobs in range(0, 50_000, 2_500)]
    assert growth_per_10_000(flat, "worker") == 0
    assert growth_per_10_000(flat[:1], "worker") == 0


def test_an_event_that_a_client_missed_is_no_figure() -> None:
    event = {"at": 100.0, "last": 100.05, "clients": fanout.CLIENTS}
    assert fanout.delays_ms([event]) == [pytest.approx(50)]
    with pytest.raises(AssertionError, match="1 of 2 events did not reach all clients"):
        fanout.delays_ms([event, {**event, "clients": fanout.CLIENTS - 1}])
    with pytest.raises(AssertionError, match="no event arrived"):
        fanout.delays_ms([])


def test_a_peer_that_failed_says_why() -> None:
    row = Row(name="RQ", error=last_line("Traceback\n  File x\nConnectionError: refused\ncleaning up\n"))
    assert row.cells() == ("RQ", "", "", "", "not measured: ConnectionError: refused")
    told = Row(name="RQ", times_ms=[3.0, 1.0, 2.0], jobs_per_s=7, kept="in Redis")
    assert told.cells() == ("RQ", "2.0", "3.0", "7.0", "in Redis")
    assert told.as_dict()["calls"] == 3
