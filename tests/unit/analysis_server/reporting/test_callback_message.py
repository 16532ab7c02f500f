"""Messages to the operation server can be read by it, and by Celery."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson

from analysis_server.reporting.callback_message import outcome_message
from satellite.contracts.outcome import Outcome, OutcomeStatus
from satellite.contracts.task_names import APPLY_OUTCOME, RESULTS_QUEUE

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OUTCOME = Outcome(
    job_id=1, attempt=2, worker="w", status=OutcomeStatus.COMPLETED, started_at=NOW, finished_at=NOW
)


def test_the_result_goes_through_as_it_is() -> None:
    message = outcome_message(OUTCOME, result_json=b'{"a": 123456789012345678901234567890}', callbacks=[])
    (arguments, kwargs, _) = orjson.loads(message.body.replace(b"123456789012345678901234567890", b"1"))
    assert kwargs == {}
    assert Outcome.model_validate(arguments[0]).result == {"a": 1}
    assert b"123456789012345678901234567890" in message.body
    assert (message.task, message.queue) == (APPLY_OUTCOME, RESULTS_QUEUE)


def test_the_callback_says_where_it_goes() -> None:
    callback = {"task": "elsewhere", "options": {"queue": "there"}}
    message = outcome_message(OUTCOME, result_json=None, callbacks=[callback])
    assert (message.task, message.queue) == ("elsewhere", "there")
    assert orjson.loads(message.body)[0][0]["result"] is None
