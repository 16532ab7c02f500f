"""Messages to the operation server, as Celery writes them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import orjson

from satellite.contracts.job import StartedReport
from satellite.contracts.outcome import Outcome
from satellite.contracts.task_names import APPLY_OUTCOME, REPORT_STARTED, RESULTS_QUEUE

_EMBED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackMessage:
    """A Celery message (protocol 2) with a serialised body."""

    task: str
    queue: str
    body: bytes
    id: str

    @property
    def headers(self) -> dict[str, Any]:
        """Return the headers Celery consumers expect."""
        return {
            "lang": "py",
            "task": self.task,
            "id": self.id,
            "root_id": self.id,
            "parent_id": None,
            "group": None,
            "retries": 0,
            "eta": None,
            "expires": None,
            "timelimit": [None, None],
            "argsrepr": "",
            "kwargsrepr": "",
            "ignore_result": True,
        }


def outcome_message(outcome: Outcome, *, callbacks: list[dict[str, Any]]) -> CallbackMessage:
    """Return the message of an outcome, addressed as the job's `link` callback says."""
    callback = callbacks[0] if callbacks else {}
    return CallbackMessage(
        task=callback.get("task") or APPLY_OUTCOME,
        queue=(callback.get("options") or {}).get("queue") or RESULTS_QUEUE,
        body=_body(outcome.model_dump(mode="json")),
        id=uuid.uuid4().hex,
    )


def started_message(report: StartedReport) -> CallbackMessage:
    """Return the message of a start."""
    return CallbackMessage(
        task=REPORT_STARTED,
        queue=RESULTS_QUEUE,
        body=_body(report.model_dump(mode="json")),
        id=uuid.uuid4().hex,
    )


def _body(argument: dict[str, Any]) -> bytes:
    return orjson.dumps([[argument], {}, _EMBED])
