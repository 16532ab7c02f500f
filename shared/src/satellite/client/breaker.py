"""Leaves a server alone that was not reached several times in a row, and tries it again after a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from satellite.client.errors import APIError, ServerUnreachable, ServiceAway, WaitTimedOut

AWAY: Final = frozenset({502, 503, 504})


def is_away(error: BaseException) -> bool:
    """Tell whether an error says that the server was not reached; a refusal says that it was."""
    if isinstance(error, WaitTimedOut) and error.__cause__ is not None:
        error = error.__cause__
    return isinstance(error, ServerUnreachable) or (isinstance(error, APIError) and error.status in AWAY)


class CircuitBreaker:
    """Opens after `failures` calls in a row that did not reach the server, and lets one try `pause_s` later.

    Closed, all calls pass; open, all are refused at once; after the pause one may try, and what becomes of it
    closes the breaker or leaves it open for another pause. Threads and tasks may share one.
    """

    def __init__(
        self, *, failures: int = 3, pause_s: float = 10, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = failures
        self._pause_s = pause_s
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until_s = 0.0
        self._is_tried = False

    @contextmanager
    def passing(self) -> Iterator[Callable[[], None]]:
        """Let a call through, and learn from what becomes of it.

        Yields what tells that the server was reached, for a call that goes on for long after that.

        Raises:
            ServiceAway: the server is left alone for now.
        """
        is_trial = self._enter()

        def reached() -> None:
            nonlocal is_trial
            self._leave(is_trial=is_trial, is_reached=True)
            is_trial = False

        try:
            yield reached
        except Exception as error:
            self._leave(is_trial=is_trial, is_reached=not is_away(error))
            raise
        except BaseException:
            # Whoever gives up, by a cancelled task or by Ctrl-C, has learnt nothing.
            self._leave(is_trial=is_trial, is_reached=None)
            raise
        else:
            self._leave(is_trial=is_trial, is_reached=True)

    def _enter(self) -> bool:
        with self._lock:
            if self._failures < self._most:
                return False
            left_s = self._open_until_s - self._clock()
            if left_s > 0 or self._is_tried:
                raise ServiceAway(max(left_s, 0.0))
            self._is_tried = True
            return True

    def _leave(self, *, is_trial: bool, is_reached: bool | None) -> None:
        with self._lock:
            if is_trial:
                self._is_tried = False
            if is_reached:
                self._failures = 0
            elif is_reached is False:
                self._failures += 1
                if self._failures >= self._most:
                    self._open_until_s = self._clock() + self._pause_s
