"""What workers report, read from messages; and what is still known of a message that cannot be used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson

from operation_server.dispatch.results_source import body_of, decode
from satellite.contracts.identity import AttemptKey, uid_by_number
from satellite.contracts.job import StartedReport
from satellite.contracts.outcome import Outcome
from satellite.contracts.task_names import APPLY_OUTCOME, REPORT_STARTED

REPORTS: Final[Mapping[str, type[StartedReport | Outcome]]] = {
    REPORT_STARTED: StartedReport,
    APPLY_OUTCOME: Outcome,
}
# Every report begins so, whatever follows, and however deep or broken that is.
ATTEMPT = re.compile(
    rb'"job_id":\s*(\d{1,18}),\s*"attempt":\s*(\d{1,18})\b(?:,\s*"uid":\s*"([0-9a-f-]{36})")?'
)
LOOK_AT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A message that was understood."""

    raw: bytes
    content: StartedReport | Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusableReport:
    """A message that cannot be used, as far as it can be read."""

    raw: bytes
    error: Exception
    body: bytes
    task: str | None = None
    attempt: AttemptKey | None = None

    @property
    def ends_attempt(self) -> bool:
        """Tell whether nothing more will come about the attempt; after a start its end is reported."""
        return self.attempt is not None and self.task != REPORT_STARTED


def read(raw: bytes) -> Report:
    """Return what a message reports.

    Raises:
        Exception: of whatever kind, where it cannot be decoded or understood.
    """
    task = decode(raw)
    if task.name not in REPORTS:
        raise ValueError(f"nothing is known of the task {task.name!r}")
    return Report(raw=raw, content=REPORTS[task.name].model_validate(task.argument))


def rejected(raw: bytes, error: Exception) -> UnusableReport:
    """Return what is known of a message that cannot be used because of `error`; never raises."""
    task, body = None, raw
    try:
        message = orjson.loads(raw)
        body = body_of(message)
        task = str(message["headers"]["task"])
    except Exception:  # noqa: BLE001, S110 - what cannot be read stays unknown
        pass
    found = ATTEMPT.search(body[:LOOK_AT])
    return UnusableReport(
        raw=raw,
        error=error,
        body=body,
        task=task,
        attempt=_attempt_of(found) if found else None,
    )


def _attempt_of(found: re.Match[bytes]) -> AttemptKey | None:
    job_id, uid = int(found[1]), found[3]
    try:
        return AttemptKey(job_id, int(found[2]), UUID(uid.decode()) if uid else uid_by_number(job_id))
    except ValueError:
        return None
