"""A job as answers show it, put together by PostgreSQL.

One column of JSON text, instead of 25 columns that the driver and SQLAlchemy would turn into Python's values
one by one, only for the answer to turn them into text again. Whatever input and result hold, it is not parsed
on its way into an answer, so no job can spoil the list it is in.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Text, literal_column

LISTED_PAYLOAD_BYTES = 4096
"""Larger inputs and results are left out of lists."""

_DOCUMENT = """json_build_object(
    'id', jobs.id, 'plugin_name', jobs.plugin_name, 'plugin_version', jobs.plugin_version,
    'status', jobs.status, 'input_data', {input_data}, 'result', {result},
    'error_message', jobs.error ->> 'message', 'error', jobs.error, 'owner_id', jobs.owner_id,
    'priority', jobs.priority, 'attempt', jobs.attempt, 'max_retries', jobs.max_retries,
    'failures', jobs.failures, 'timeout_s', jobs.timeout_s, 'progress', jobs.progress,
    'cancelling', jobs.completed_at IS NULL AND jobs.cancel_requested_at IS NOT NULL,
    'worker', jobs.worker, 'run_at', jobs.run_at, 'expires_at', jobs.expires_at,
    'created_at', jobs.created_at, 'started_at', jobs.started_at, 'completed_at', jobs.completed_at,
    'timings', jobs.timings{more}
)::text"""

# The stored size costs nothing to know, but is that of compressed data: the second look is at the text.
_IF_SMALL = """CASE WHEN pg_column_size(jobs.{0}) > {1} OR octet_length(jobs.{0}::text) > {1} THEN NULL
    ELSE jobs.{0} END"""


def _column(input_data: str, result: str, more: str = "") -> ColumnElement[Any]:
    document = _DOCUMENT.format(input_data=input_data, result=result, more=more)
    return literal_column(document, Text).label("document")


WHOLE = _column("jobs.input_data", "jobs.result")
_SMALL_PAYLOADS = (
    _IF_SMALL.format("input_data", LISTED_PAYLOAD_BYTES),
    _IF_SMALL.format("result", LISTED_PAYLOAD_BYTES),
)
LISTED = _column(*_SMALL_PAYLOADS)
DEAD_LETTER = _column(*_SMALL_PAYLOADS, more=", 'fingerprint', jobs.error_fingerprint")
