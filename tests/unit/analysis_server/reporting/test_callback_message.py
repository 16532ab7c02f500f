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
    result_json = '{ "z": 123456789012345678901234567890, "a": [1.0, 1e308, -0.0] }'
    message = outcome_message(OUTCOME.model_copy(update={"result_json": result_json}), callbacks=[])
    (arguments, kwargs, _) = orjson.loads(message.body)
    assert kwargs == {}
    assert Outcome.model_validate(arguments[0]).result_json == result_json
    assert (message.task, message.queue) == (APPLY_OUTCOME, RESULTS_QUEUE)


def test_the_callback_says_where_it_goes() -> None:
    callback = {"task": "elsewhere", "options": {"queue": "there"}}
    message = outcome_message(OUTCOME, callbacks=[callback])
    assert (message.task, message.queue) == ("elsewhere", "there")
    assert orjson.loads(message.body)[0][0]["result_json"] is None
