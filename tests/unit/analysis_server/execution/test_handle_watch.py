"""Handles are told once they are known, again now and then, and forgotten with their runs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import cast

import pytest

from analysis_server.execution import handle_watch
from analysis_server.execution.attachable_runs import Attachable, AttachableRuns
from analysis_server.execution.executor import PluginExecutor
from analysis_server.execution.handle_watch import HandleWatch
from analysis_server.execution.running import RunningAttempts
from analysis_server.reporting.leases import LeaseKeeper
from satellite.contracts.identity import AttemptKey
from satellite.contracts.run_handle import RunHandle
from satellite.testing import attempt_key_of
from satellite.testing.recorders import RecordingReporter

NOW = datetime.now(UTC)
HANDLE = RunHandle(runtime="container", place="engine", name="c1", began_at=NOW, deadline_at=NOW)
KEY = attempt_key_of(1)


class Executor:
    """Tells what it is given to tell."""

    def __init__(self) -> None:
        self.tells = Attachable(place="engine", handles={KEY: HANDLE})
        self.asked = 0

    def attachable(self) -> Attachable:
        self.asked += 1
        return self.tells


class Leases:
    """Remembers for what janitors were told to wait."""

    def __init__(self) -> None:
        self.kept: set[AttemptKey] = set()

    def keep_adoptable(self, keys: Collection[AttemptKey]) -> None:
        self.kept |= set(keys)

    def forget_adoptable(self, keys: Collection[AttemptKey]) -> None:
        self.kept -= set(keys)


class Worker:
    """A watch and what is around it."""

    def __init__(self) -> None:
        self.executor, self.leases = Executor(), Leases()
        self.running, self.reporter = RunningAttempts(), RecordingReporter()
        self.watch = HandleWatch(
            worker="w1",
            executor=cast("PluginExecutor", self.executor),
            running=self.running,
            leases=cast("LeaseKeeper", self.leases),
            reporter=self.reporter,
        )

    def told(self) -> list[tuple[int, int, RunHandle | None]]:
        return [(report.job_id, report.generation, report.handle) for report in self.reporter.begun]


def test_a_handle_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker()
    worker.running.add(KEY)
    for _ in range(3):
        worker.watch.look()
    assert worker.told() == [(1, 0, HANDLE)]
    assert worker.leases.kept == {KEY}
    monkeypatch.setattr(handle_watch, "TELL_AGAIN_S", 0)
    worker.watch.look()
    assert worker.told() == [(1, 0, HANDLE)] * 2


def test_an_adopter_tells_of_itself_at_once() -> None:
    worker = Worker()
    worker.running.add(KEY, generation=2, handle=HANDLE)
    worker.watch.look()
    assert worker.told() == [(1, 2, HANDLE)]


def test_nobody_waits_for_a_run_that_has_ended() -> None:
    worker = Worker()
    worker.running.add(KEY)
    worker.watch.look()
    worker.running.finish(KEY)
    worker.watch.look()
    assert worker.leases.kept == set()


def test_an_idle_worker_asks_only_until_it_knows_its_place() -> None:
    worker = Worker()
    worker.executor.tells = Attachable()
    worker.watch.look()
    worker.executor.tells = Attachable(place="engine")
    for _ in range(3):
        worker.watch.look()
    assert (worker.executor.asked, worker.watch.place) == (2, "engine")


def test_young_runs_are_not_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = AttachableRuns()
    runs.add(KEY, HANDLE)
    assert runs.lasting() == {}
    monkeypatch.setattr("analysis_server.execution.attachable_runs.TOLD_AFTER_S", 0)
    assert runs.lasting() == {KEY: HANDLE}
    runs.discard(KEY)
    assert runs.lasting() == {}
