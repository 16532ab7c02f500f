"""Tests on several workers of pytest-xdist: what shares a worker, what comes first, what is alone."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

WORKERS_PER_CORE = 2
"""Tests wait for servers, deadlines and leases; on a slow machine the processors never rest (2026-12-01)."""
WORKERS_MAX = 8

TOGETHER = ("airflow", "deployment", "chaos", "drills", "acceptance", "documents", "integration/execution")
"""Folders whose tests start platforms or share a Ray; what is cheap to start, each worker has of its own."""
CALM = ("deployment/test_nginx.py", "deployment/test_observability.py", "deployment/test_kubernetes_")
"""What needs no more than one program, in folders that are busy otherwise."""
APART = (
    *CALM,
    "integration/openapi/test_document.py::test_every_operation_keeps_the_document",
)
"""What shares nothing dear with others there: files by how their names begin, and tests case by case."""
ALONE = (
    "chaos/test_short_run.py",
    "contract/runtimes/test_batch.py",
    "contract/runtimes/test_owners.py",
    "contract/runtimes/test_server.py::test_a_cancelled_job_is_gone_and_the_others_are_answered",
    "contract/runtimes/test_server.py::test_a_job_that_waits_can_be_cancelled_without_harm",
    "contract/runtimes/test_server.py::test_a_server_that_never_gets_ready_is_named",
    "contract/runtimes/test_server.py::test_waiting_for_the_server_does_not_count_against_the_deadline",
)
"""Files and tests that hold a promise of seconds, or tell by tenths of a second what came together."""
LONGEST_FIRST = (
    "deployment",
    "chaos",
    "drills",
    "acceptance",
    "documents",
    "airflow",
    "integration/execution",
    "integration/openapi",
    "contract",
    "console",
    "plugins",
    "property",
)

BUSY = (*TOGETHER, "integration/openapi", "console", "plugins")
"""Folders whose tests keep a processor busy by themselves: no more of them at once than there are processors.

Four at once made a load of 30 for two of these (2026-12-01), and health checks ran out of time.
"""

ROOM = "SATELLITE_TESTS_ROOM"
"""The folder of the locks; workers inherit it from the process that starts them."""


def pytest_configure(config: pytest.Config) -> None:
    """Make a room for all workers of this run."""
    if not hasattr(config, "workerinput"):
        folder = tempfile.TemporaryDirectory(prefix="satellite-tests-")
        config.add_cleanup(folder.cleanup)
        os.environ[ROOM] = folder.name


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many workers `-n auto` is: none for a single file, which starts sooner without."""
    if all("::" in name or name.endswith(".py") for name in config.args):
        return 0
    return min(WORKERS_MAX, WORKERS_PER_CORE * _processors())


def _processors() -> int:
    return len(os.sched_getaffinity(0))


class TogetherScheduling(LoadScopeScheduling):
    """Gives a worker a whole file, or all that share what is dear to start, in the order of collection.

    xdist 3.8 has groups of its own, but notes them where pytest 9.2 no longer looks.
    """

    def __init__(self, config: pytest.Config, log: Any) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _assign_work_unit(self, node: WorkerController) -> None:
        if self._busy_elsewhere(node) >= _processors():
            calm = next((scope for scope in self.workqueue if not _is_busy(scope) and scope != "alone"), None)
            if calm is not None:
                self.workqueue.move_to_end(calm, last=False)
        super()._assign_work_unit(node)

    def _busy_elsewhere(self, node: WorkerController) -> int:
        others = (work for other, work in self.assigned_work.items() if other is not node)
        return sum(
            any(_is_busy(scope) and not all(tests.values()) for scope, tests in work.items())
            for work in others
        )

    def _split_scope(self, nodeid: str) -> str:
        if _is_alone(nodeid):
            return "alone"
        apart = next((part for part in APART if nodeid.startswith(f"tests/{part}")), None)
        if apart is not None:
            return nodeid if "::" in apart else apart
        together = (folder for folder in TOGETHER if nodeid.startswith(f"tests/{folder}/"))
        return next(together, nodeid.partition("::")[0])


def _is_busy(scope: str) -> bool:
    """Tell so of a scope: a folder of those, or a file or a test in one."""
    name = scope.removeprefix("tests/")
    return name.startswith(BUSY) and not name.startswith(CALM)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> TogetherScheduling:
    """Return what hands tests out, whatever `--dist` says."""
    return TogetherScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what takes longest begin first, and what is alone last, when hardly any other waits for it."""
    items.sort(key=_place_in_line)


def _place_in_line(item: pytest.Item) -> tuple[bool, int]:
    places = [n for n, folder in enumerate(LONGEST_FIRST) if item.nodeid.startswith(f"tests/{folder}/")]
    return _is_alone(item.nodeid), *(places or [len(LONGEST_FIRST)])


def _is_alone(nodeid: str) -> bool:
    return nodeid.startswith(tuple(f"tests/{file}" for file in ALONE))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Let a test that is to be alone wait until no other runs, and none begin meanwhile."""
    with _room(alone=_is_alone(item.nodeid)):
        return (yield)


@contextlib.contextmanager
def _room(*, alone: bool) -> Iterator[None]:
    folder = Path(os.environ[ROOM])
    with (folder / "door").open("w") as door, (folder / "room").open("w") as room:
        # Who waits for the room keeps the door, so that those behind do not keep the room from it for ever.
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        try:
            yield
        finally:
            # Said, because a child that was forked meanwhile would keep it by keeping the file open.
            fcntl.flock(room, fcntl.LOCK_UN)
