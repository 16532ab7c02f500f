"""What a notification says to people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from satellite.contracts.notification import NotificationKind

LINE_MAX: Final = 500

TITLES: Final[Mapping[NotificationKind, str]] = {
    NotificationKind.JOB_COMPLETED: "{what} has completed",
    NotificationKind.JOB_FAILED: "{what} has failed",
    NotificationKind.JOB_TIMEOUT: "{what} has run out of time",
    NotificationKind.JOB_CANCELLED: "{what} was cancelled",
    NotificationKind.RESOURCES_EXHAUSTED: "{what}: resources are exhausted",
    NotificationKind.RUN_COMPLETED: "{what} has completed",
    NotificationKind.RUN_FAILED: "{what} has failed",
    NotificationKind.RUN_CANCELLED: "{what} was cancelled",
    NotificationKind.RUN_DEADLINE: "{what} has passed its deadline",
    NotificationKind.APPROVAL_WAITING: "{what} waits for approval",
    NotificationKind.WORKER_LOST: "Worker {about} is lost",
    NotificationKind.SYSTEM_ERROR: "Something is wrong with {about}",
    NotificationKind.CLUSTER_UNREACHABLE: "Cluster {about} cannot be reached",
    NotificationKind.CLUSTER_UNTRUSTED: "Cluster {about} is not trusted: its host key has changed",
    NotificationKind.CLUSTER_READY: "Cluster {about} is ready again",
    NotificationKind.TEST: "A test of this channel",
}


def title_of(kind: NotificationKind, data: Mapping[str, Any]) -> str:
    """Return a notification in one line."""
    about = str(data.get("about", "the platform"))
    return _line(TITLES[kind].format(what=_what(data) or about, about=about))


def text_of(kind: NotificationKind, data: Mapping[str, Any]) -> str:
    """Return a notification in some lines, the first of which is its title."""
    lines = [title_of(kind, data)]
    error = data.get("error")
    if isinstance(error, Mapping):
        lines.append(_line(f"{error.get('kind', 'error')}: {error.get('message', '')}"))
    lines += [
        f"{name.replace('_', ' ')}: {_line(str(data[name]))}"
        for name in ("reason", "task", "attempt", "worker", "created_at", "completed_at")
        if data.get(name) is not None
    ]
    return "\n".join(lines)


def _what(data: Mapping[str, Any]) -> str:
    if "job_id" not in data:
        return ""
    if data.get("subject") == "run":
        return f"Run {data['job_id']} of {data.get('workflow', 'a workflow')}"
    return f"Job {data['job_id']} ({data.get('plugin_name', 'a plugin')})"


def _line(text: str) -> str:
    return " ".join(text.split())[:LINE_MAX]
