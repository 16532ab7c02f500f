"""A process that begins runs and is killed, as a worker may be."""

from __future__ import annotations

import contextlib
import multiprocessing
import queue
import threading
from collections.abc import Callable, Iterator
from multiprocessing.queues import Queue
from typing import Any

from analysis_server.runtimes.port import RunRequest, Runtime
from satellite.contracts.run_handle import RunHandle
from satellite.testing import RecordingListener

MakeRuntime = Callable[[], Runtime]
WAIT_S = 60.0


class _Telling(RecordingListener):
    """Tells another process what the run can be found by, and each line that was heard."""

    def __init__(self, told: Queue[Any]) -> None:
        super().__init__()
        self._told = told

    def log(self, lines: Any) -> None:
        self._told.put(list(lines))

    def attachable(self, handle: RunHandle) -> None:
        self._told.put(handle)


def _own(make_runtime: MakeRuntime, requests: Queue[RunRequest], told: Queue[Any]) -> None:
    runtime = make_runtime()
    while True:
        request = requests.get()
        threading.Thread(target=runtime.run, args=(request, _Telling(told)), daemon=True).start()


class FirstOwner:
    """Begins runs in a process of its own."""

    def __init__(self, make_runtime: MakeRuntime) -> None:
        context = multiprocessing.get_context("spawn")
        self._requests: Queue[RunRequest] = context.Queue()
        self._told: Queue[Any] = context.Queue()
        self._process = context.Process(target=_own, args=(make_runtime, self._requests, self._told))
        self._process.start()

    def begin(self, request: RunRequest, *, until_line: str | None = None) -> RunHandle | None:
        """Begin a run; return its handle, None if none was told until a line was heard."""
        self._requests.put(request)
        handle, heard = None, until_line is None
        while not heard or (until_line is None and handle is None):
            told = self._told.get(timeout=WAIT_S)
            handle = told if isinstance(told, RunHandle) else handle
            heard = heard or (isinstance(told, list) and until_line in told)
        return handle

    def tells(self, timeout_s: float) -> bool:
        """Tell whether something more is told in time."""
        try:
            self._told.get(timeout=timeout_s)
        except queue.Empty:
            return False
        return True

    def kill(self) -> None:
        """End the process without a chance to clean up."""
        self._process.kill()
        self._process.join()


@contextlib.contextmanager
def first_owner(make_runtime: MakeRuntime) -> Iterator[FirstOwner]:
    """Give a process that owns runs until the block ends."""
    owner = FirstOwner(make_runtime)
    try:
        yield owner
    finally:
        owner.kill()
