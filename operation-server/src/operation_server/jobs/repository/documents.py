"""Jobs as answers show them, put together by PostgreSQL.

One column of JSON text, instead of 25 columns that the driver and SQLAlchemy would turn into Python's values
one by one, only for the answer to turn them into text again. Whatever input and result hold, it is not parsed
on its way into an answer, so no job can spoil the list it is in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Text, literal_column

from operation_server.jobs.schemas.job import JobRead
from operation_server.models import Job

LISTED_PAYLOAD_BYTES: Final = 4096
"""Larger inputs and results are left out of lists."""

# The stored size costs nothing to know, but is that of compressed data: the second look is at the text.
_IF_SMALL = """CASE WHEN pg_column_size(jobs.{0}) > {1} OR octet_length(jobs.{0}::text) > {1} THEN NULL
    ELSE jobs.{0} END"""

MADE: Final[Mapping[str, str]] = {
    "error_message": "jobs.error ->> 'message'",
    "kind": "'job'",
    "cancelling": "jobs.completed_at IS NULL AND jobs.cancel_requested_at IS NOT NULL",
    "model": "(jobs.model ->> 'name') || '@' || (jobs.model ->> 'version')",
    "fingerprint": "jobs.error_fingerprint",
}
"""The fields of an answer that are not the column of their name."""

SMALL_PAYLOADS: Final[Mapping[str, str]] = {
    name: _IF_SMALL.format(name, LISTED_PAYLOAD_BYTES) for name in ("input_data", "result")
}


def document_of(model: type[BaseModel], payloads: Mapping[str, str] | None = None) -> ColumnElement[Any]:
    """Return the column of the JSON text that has the fields of a model.

    Raises:
        KeyError: a field is neither a column of jobs nor made of some.
    """
    return literal_column(text_of(model, payloads), Text).label("document")


def text_of(model: type[BaseModel], payloads: Mapping[str, str] | None = None) -> str:
    """Return the SQL of that text."""
    made = {**MADE, **(payloads or {})}
    columns = Job.__table__.columns
    fields = [f"'{name}', {made.get(name) or f'jobs.{columns[name].name}'}" for name in model.model_fields]
    return f"json_build_object({', '.join(fields)})::text"


WHOLE: Final = document_of(JobRead)
LISTED: Final = document_of(JobRead, SMALL_PAYLOADS)
