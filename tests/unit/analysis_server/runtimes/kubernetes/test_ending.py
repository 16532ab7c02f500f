"""What the states of pods are called; each was seen on a cluster, but where its name says otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from analysis_server.runtimes.kubernetes.ending import (
    PodEnd,
    end_of,
    has_started,
    start_fault,
    why_unscheduled,
)
from satellite.contracts.outcome import ErrorKind, JobError


def pod(state: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    statuses = [] if state is None else [{"name": "plugin", "state": state}]
    return {"status": {"phase": "Running", "containerStatuses": statuses, **status}}


@pytest.mark.parametrize(
    "reason", ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"]
)
def test_an_image_that_cannot_be_had(reason: str) -> None:
    error = start_fault(pod({"waiting": {"reason": reason, "message": "not there"}}))

    assert error is not None
    assert (error.kind, "not there" in error.message) == (ErrorKind.IMAGE, True)


def test_a_container_that_is_being_made_is_no_fault() -> None:
    waiting = pod({"waiting": {"reason": "ContainerCreating"}})

    assert start_fault(waiting) is None
    assert not has_started(waiting)


def test_no_node_with_room_is_told_with_the_scheduler_s_words() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}

    assert why_unscheduled(pod(conditions=[condition])) == "0/1 nodes"
    assert why_unscheduled(pod(conditions=[{"type": "PodScheduled", "status": "True"}])) is None


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (None, ErrorKind.LOST),
        (pod(phase="Failed", reason="DeadlineExceeded"), ErrorKind.TIMEOUT),
        (pod(phase="Failed", reason="Evicted"), ErrorKind.LOST),
        (pod(phase="Failed", reason="Preempting"), ErrorKind.LOST),
        (pod(phase="Unknown"), ErrorKind.LOST),
    ],
)
def test_ends_in_which_the_plugin_had_no_say(found: dict[str, Any] | None, kind: ErrorKind) -> None:
    end = end_of(found)

    assert isinstance(end, JobError)
    assert end.kind is kind


def test_a_container_that_ended() -> None:
    assert end_of(pod({"terminated": {"exitCode": 137, "reason": "OOMKilled"}})) == PodEnd(
        exit_code=137, oom=True
    )
    assert end_of(pod({"terminated": {"exitCode": 3, "reason": "Error"}})) == PodEnd(exit_code=3)


def test_one_that_runs_has_not_ended() -> None:
    assert end_of(pod({"running": {}})) is None
