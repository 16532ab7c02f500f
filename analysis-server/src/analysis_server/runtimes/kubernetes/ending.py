"""What a pod's state says of its plugin: why it does not start, and how it ended without a last frame."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from satellite.contracts.outcome import ErrorKind, JobError

TOLD_CHARS: Final = 500
_IMAGE: Final = re.compile(r"ErrImage|ImagePull|InvalidImage|ImageInspect")
_NOT_RUN: Final = re.compile(r"CreateContainer|RunContainer|StartError")
_LOST_REASONS: Final = frozenset(
    {"Evicted", "Preempting", "Shutdown", "NodeShutdown", "NodeLost", "Terminated"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PodEnd:
    """How a plugin ended as the node tells it."""

    exit_code: int
    oom: bool = False


def has_started(pod: Mapping[str, Any]) -> bool:
    """Tell whether the plugin's container runs, or has run."""
    state = _state(pod, "containerStatuses")
    return "running" in state or "terminated" in state


def start_fault(pod: Mapping[str, Any]) -> JobError | None:
    """Return what keeps a pod from starting for good, None where it may only take longer."""
    for statuses in ("initContainerStatuses", "containerStatuses"):
        waiting = _state(pod, statuses).get("waiting", {})
        reason, told = waiting.get("reason", ""), f"{waiting.get('message', '')}"[:TOLD_CHARS]
        if _IMAGE.search(reason):
            return JobError(kind=ErrorKind.IMAGE, message=f"The node cannot get an image ({reason}): {told}")
        if _NOT_RUN.search(reason):
            return JobError(
                kind=ErrorKind.IMAGE, message=f"The node cannot run the container ({reason}): {told}"
            )
    return _pod_fault(pod)


def why_unscheduled(pod: Mapping[str, Any]) -> str | None:
    """Return why no node takes a pod yet, None if one does."""
    for condition in (pod.get("status") or {}).get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition["status"] != "True":
            return str(condition.get("message") or condition.get("reason") or "no node was chosen")
    return None


def end_of(pod: Mapping[str, Any] | None) -> PodEnd | JobError | None:
    """Return how a plugin ended of which no last frame came; None while it runs."""
    if pod is None:
        return _lost("its pod is gone")
    if (fault := _pod_fault(pod)) is not None:
        return fault
    ended = _state(pod, "containerStatuses").get("terminated")
    if ended is None:
        return None
    return PodEnd(exit_code=int(ended["exitCode"]), oom=ended.get("reason") == "OOMKilled")


def _pod_fault(pod: Mapping[str, Any]) -> JobError | None:
    status = pod.get("status") or {}
    reason, told = status.get("reason", ""), status.get("message", "")
    if status.get("phase") == "Failed" and reason == "DeadlineExceeded":
        return JobError(kind=ErrorKind.TIMEOUT, message="The plugin's pod was ended at its deadline.")
    if reason in _LOST_REASONS or status.get("phase") == "Unknown":
        return _lost(f"the node gave its pod up ({reason}: {told[:TOLD_CHARS]})")
    return None


def _lost(why: str) -> JobError:
    return JobError(kind=ErrorKind.LOST, message=f"The attempt was lost: {why}.")


def _state(pod: Mapping[str, Any], statuses: str) -> dict[str, Any]:
    """Return the state of the one container of a kind."""
    found = (pod.get("status") or {}).get(statuses) or [{}]
    state: dict[str, Any] = found[0].get("state") or {}
    return state
