"""An error that nobody foresaw, in every loop of a worker: told, and the end of the process or not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import structlog
from celery import Celery

from analysis_server.execution.cancellation import CancellationListener
from analysis_server.lifecycle.drain import Drain
from analysis_server.lifecycle.periodic import Periodic
from analysis_server.loop_thread import LoopThread
from analysis_server.reporting.celery_reporter import CeleryReporter
from analysis_server.reporting.event_stream import EventStream
from analysis_server.reporting.spool import Spool
from analysis_server.runtimes.standby.pool import StandbyPool
from satellite.contracts.identity import AttemptKey
from tests.fixtures.servers import wait_until
from tests.integration.transitions.seed import outcome

Unforeseen = Callable[[], None]


class Throwing:
    """Throws at its first calls, and counts them."""

    def __init__(self, times: int = 1) -> None:
        self.times = times
        self.calls = 0

    def __call__(self, *_: Any, **__: Any) -> Any:
        self.calls += 1
        if self.calls <= self.times:
            raise LookupError("thrown by a test")
        return None


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as entries:
        yield cast("list[Any]", entries)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LoopThread.__init__, "__kwdefaults__", {"unforeseen": None, "go_on_after_s": 0.01})


def periodic(throw: Throwing, unforeseen: Unforeseen, _: Path) -> Callable[[], None]:
    one = Periodic("pulse", throw, interval_s=0.01, unforeseen=unforeseen)
    one.start()
    return one.stop


def cancellations(throw: Throwing, unforeseen: Unforeseen, _: Path) -> Callable[[], None]:
    nothing: Any = None
    one = CancellationListener(
        redis_url="redis://127.0.0.1:1", running=nothing, admission=nothing, executor=nothing,
        unforeseen=unforeseen,
    )  # fmt: skip
    cast("Any", one)._listen_once = throw
    one.start()
    return one.close


def drain(throw: Throwing, unforeseen: Unforeseen, _: Path) -> Callable[[], None]:
    class Running:
        in_slots = throw

    nothing: Any = None
    one = Drain(
        running=cast("Any", Running()), end_rest=nothing, timeout_s=0, begun=lambda: None,
        unforeseen=unforeseen,
    )  # fmt: skip
    one.begin()
    return lambda: None


ENDS_THE_PROCESS = [periodic, cancellations, drain]


@pytest.mark.parametrize("make", ENDS_THE_PROCESS, ids=lambda make: make.__name__)
def test_a_keeper_ends_the_process(make: Any, logged: list[Any], tmp_path: Path) -> None:
    ended = threading.Event()
    throw = Throwing()
    close = make(throw, ended.set, tmp_path)
    assert ended.wait(60)
    close()
    assert throw.calls == 1
    [told] = [entry for entry in logged if entry["log_level"] == "critical"]
    assert told["exc_info"]


def janitor(throw: Throwing, _: Path) -> Callable[[], None]:
    one = Periodic("janitor", throw, interval_s=0.01)
    one.start()
    return one.stop


def reporter(throw: Throwing, tmp_path: Path) -> Callable[[], None]:
    nothing: Any = None

    class Reporter(CeleryReporter):
        def _is_due(self) -> bool:
            throw()
            return super()._is_due()

        def _time_to_next_s(self) -> float:
            return 0.01

    one = Reporter(Celery(), leases=nothing, spool=Spool(tmp_path), released=lambda _: None)
    return lambda: cast("None", one.close(5))


def event_stream(throw: Throwing, _: Path) -> Callable[[], None]:
    nothing: Any = None
    one = EventStream(nothing)
    cast("Any", one)._flush = throw
    stop = threading.Event()

    def tell() -> None:
        while not stop.wait(0.01):
            one._some.set()

    threading.Thread(target=tell, daemon=True).start()
    return stop.set


def standby(throw: Throwing, _: Path) -> Callable[[], None]:
    class Pool(StandbyPool[Any]):
        def _tidy(self) -> None:
            throw()

        def _patience_s(self) -> float:
            return 0.01

    pool = Pool(lambda request: None)
    pool._keep()
    return pool.close


GOES_ON = [janitor, reporter, event_stream, standby]


@pytest.mark.parametrize("make", GOES_ON, ids=lambda make: make.__name__)
def test_a_loop_that_must_not_cease_goes_on(make: Any, logged: list[Any], tmp_path: Path) -> None:
    throw = Throwing(times=3)
    close = make(throw, tmp_path)
    wait_until(lambda: throw.calls > 5)
    close()
    assert [entry for entry in logged if entry.get("exc_info")]


def test_a_loop_that_returns_is_over(logged: list[Any]) -> None:
    thread = LoopThread("done", lambda: None, unforeseen=lambda: None)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert logged == []


class Broker(CeleryReporter):
    """A reporter whose broker chokes on one message."""

    def __init__(self, poison: AttemptKey, spool: Path) -> None:
        self.poison = poison
        self.sent: list[str] = []
        nothing: Any = None
        super().__init__(Celery(), leases=nothing, spool=Spool(spool), released=lambda _: None)

    def _publish(self, messages: Any) -> bool:
        bodies = [message.body.decode() for message in messages]
        if any(f'"job_id":{self.poison[0]},' in body for body in bodies):
            raise LookupError("thrown by a test")
        self.sent += bodies
        return True

    def _hand_over(self, keys: Any) -> None:
        pass


def test_an_outcome_that_cannot_be_sent_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis_server.reporting.celery_reporter.SEND_AGAIN_S", 0.01)
    reporter = Broker((2, 1), tmp_path)
    for job_id in (1, 2, 3, 4):
        reporter.finished(outcome(job_id, 1), callbacks=[])
    wait_until(lambda: len(reporter.sent) == 3)
    for job_id in (5, 6):
        reporter.finished(outcome(job_id, 1), callbacks=[])
    wait_until(lambda: len(reporter.sent) == 5)
    reporter.poison = (0, 0)
    wait_until(lambda: len(reporter.sent) == 6)
    assert reporter.close(5)
