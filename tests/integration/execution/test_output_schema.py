"""An answer whose check may take long is checked in a limited process of the executor."""

from __future__ import annotations

import os
import signal

import psutil

from analysis_server.runtimes.port import RunStatus
from satellite.contracts.outcome import ErrorKind
from tests.fixtures.servers import wait_until
from tests.integration.execution.rig import Rig


def checkers(executor_pid: int) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process(executor_pid).children()
        if "satellite.schemas.checker" in child.cmdline()
    ]


def test_a_recursive_schema_is_checked_and_nothing_outlives_the_executor(rig: Rig) -> None:
    # A list of lists of lists, and at its ends whole numbers.
    nested = {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"$ref": "#/$defs/nested"}}]}
    manifest = rig.manifest(
        mode="server",
        command=["python", "raw_server.py"],
        output_schema={"properties": {"answer": {"$ref": "#/$defs/nested"}}, "$defs": {"nested": nested}},
    )

    fitting = rig.run(manifest, value=[1, [2, [3]]])
    unfit = rig.run(manifest, value=[1, [2, ["x"]]])

    assert fitting.status is RunStatus.COMPLETED, fitting
    assert unfit.error is not None
    assert unfit.error.kind is ErrorKind.OUTPUT
    assert "/answer: " in unfit.error.message

    executor_pid = rig.executor_pid()
    (checker,) = checkers(executor_pid)
    os.kill(executor_pid, signal.SIGKILL)
    wait_until(lambda: not checker.is_running())
