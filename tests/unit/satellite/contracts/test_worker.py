"""What a heartbeat says of whether its worker takes jobs, also one of a worker that knows no draining."""

from __future__ import annotations

from typing import Any

import pytest

from satellite.contracts.worker import WorkerHeartbeat
from satellite.testing import heartbeat_of


@pytest.mark.parametrize(
    ("change", "takes_jobs"),
    [({}, True), ({"draining": True}, False), ({"drained": True}, False), ({"consumer_ok": False}, False)],
)
def test_who_leaves_is_drained_or_deaf_takes_none(change: dict[str, Any], takes_jobs: bool) -> None:
    assert heartbeat_of(**change).takes_jobs is takes_jobs


def test_a_worker_that_says_nothing_of_it_is_not_drained() -> None:
    said = heartbeat_of().model_dump(exclude={"drained"})
    assert not WorkerHeartbeat.model_validate(said).drained
