"""What tests of plugins that cannot be started share, whatever runtime they are in."""

from __future__ import annotations

from typing import Any, Final

from analysis_server.runtimes.port import RunResult, RunStatus
from satellite.contracts.outcome import ErrorKind, JobError

MODES: Final[dict[str, dict[str, Any]]] = {
    "oneshot": {},
    "server": {"mode": "server"},
    "standby": {"standby": 1},
}


def image_fault(result: RunResult) -> JobError:
    """Return the error of a run that failed as `image`."""
    assert result.status is RunStatus.FAILED, result
    assert result.error is not None
    assert result.error.kind is ErrorKind.IMAGE, result.error
    return result.error
