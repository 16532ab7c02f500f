"""When a silent connection is closed: by the time in which this process could have heard something."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from analysis_server.connector.ssh import line_watch
from analysis_server.connector.ssh.line_watch import LOOK_EVERY_S, SILENT_MAX_S, LineWatch

STOPPED_S = 10 * SILENT_MAX_S


class Time:
    """A clock that goes on while somebody sleeps, and by how much each sleep is too long."""

    def __init__(self, *late_s: float) -> None:
        self.now_s, self.late_s = 1000.0, list(late_s)

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds + (self.late_s.pop(0) if self.late_s else 0.0)


class Line:
    """A connection on which nothing is heard."""

    def __init__(self, time: Time) -> None:
        self.packetizer = SimpleNamespace(set_keepalive=lambda *_: None)
        self.heard_at_s = time.now_s
        self._time, self._closed = time, threading.Event()
        self.closed_after_s = 0.0

    def is_active(self) -> bool:
        return not self._closed.is_set()

    def close(self) -> None:
        self.closed_after_s = self._time.now_s - self.heard_at_s
        self._closed.set()

    def wait_closed_s(self) -> float:
        assert self._closed.wait(60)
        return self.closed_after_s


def watched(monkeypatch: pytest.MonkeyPatch, time: Time) -> Line:
    line = Line(time)
    monkeypatch.setattr(line_watch, "time", time)
    LineWatch(cast("Any", line), cast("Any", line), line.close)
    return line


def test_a_silent_line_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    closed_after_s = watched(monkeypatch, Time()).wait_closed_s()
    assert SILENT_MAX_S < closed_after_s <= SILENT_MAX_S + 2 * LOOK_EVERY_S


def test_time_in_which_this_process_was_stopped_is_not_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    closed_after_s = watched(monkeypatch, Time(0, 0, STOPPED_S)).wait_closed_s()
    assert closed_after_s > STOPPED_S + SILENT_MAX_S - 2 * LOOK_EVERY_S
