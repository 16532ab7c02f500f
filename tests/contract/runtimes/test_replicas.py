"""What every runtime does when a plugin has servers on several cards: whichever is free takes a job."""

from __future__ import annotations

from typing import Any

import pytest

from analysis_server.runtimes.port import RunRequest, RunStatus
from analysis_server.runtimes.residents import resident_of
from satellite.contracts.outcome import StartKind
from tests.contract.runtimes.bench import Bench, Ear
from tests.fixtures.servers import wait_until

FIRST, SECOND = ("fake-0",), ("fake-1",)


@pytest.fixture
def broken(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing start on the second card."""
    opened = bench.used.open_connection

    def open_connection(request: RunRequest, **sinks: Any) -> Any:
        if request.gpu_ids == SECOND:
            raise OSError("this card has fallen off the bus")
        return opened(request, **sinks)

    monkeypatch.setattr(bench.used, "open_connection", open_connection)


def test_a_job_is_taken_by_the_one_that_is_free_and_each_is_told_of(bench: Bench) -> None:
    plugin = bench.server(env={"SERVER_START_S": "1"})
    assert bench.run({"how": "echo"}, manifest=plugin, gpu_ids=FIRST).start is StartKind.COLD
    result = bench.run({"how": "echo"}, manifest=plugin, gpu_ids=SECOND)
    assert (result.status, result.start) == (RunStatus.COMPLETED, StartKind.WARM)
    wait_until(lambda: len(loaded(bench)) == 2)
    resident = resident_of(plugin, plugin.digest(), 1)
    keys = [server.key for server in bench.runtime.residents().servers]
    assert keys == [(resident, FIRST), (resident, SECOND)]


def loaded(bench: Bench) -> list[str]:
    return bench.used.loaded()


@pytest.mark.usefixtures("broken")
def test_where_one_cannot_start_the_others_do_its_jobs(bench: Bench) -> None:
    plugin = bench.server()
    assert bench.run({"how": "echo"}, manifest=plugin, gpu_ids=FIRST).status is RunStatus.COMPLETED
    slow = bench.start(bench.request({"how": "slow", "s": 0.5}, manifest=plugin, gpu_ids=FIRST), Ear())
    given = bench.start(bench.request({"how": "echo"}, manifest=plugin, gpu_ids=SECOND), Ear())
    assert given.result(60).status is RunStatus.COMPLETED
    assert slow.result(60).status is RunStatus.COMPLETED


@pytest.mark.usefixtures("broken")
def test_where_none_can_start_the_reason_is_told(bench: Bench) -> None:
    error = bench.run({"how": "echo"}, manifest=bench.server(), gpu_ids=SECOND).error
    assert error is not None
    assert "fallen off the bus" in error.message
