"""What an answer about a job holds is written once, in `JobRead`; the rest has its fields in its order."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel

from operation_server.deadletters.repository import DEAD_LETTER
from operation_server.deadletters.schemas import DeadLetterRead
from operation_server.jobs.document import submitted_document
from operation_server.jobs.repository.documents import LISTED, WHOLE, document_of
from operation_server.jobs.schemas import JOB_EXAMPLE, JobRead, JobTimings
from satellite.client.models import Job
from satellite.contracts.phases import PHASES
from satellite.testing import attempt_key_of
from tests.integration.transitions.seed import new_job

FIELDS = list(JobRead.model_fields)
NEW = new_job(1, 1)


def names_in(document: Any) -> list[str]:
    return re.findall(r"(?:\(|, )'(\w+)', ", str(document.element))


@pytest.mark.parametrize(
    ("document", "model"), [(WHOLE, JobRead), (LISTED, JobRead), (DEAD_LETTER, DeadLetterRead)]
)
def test_what_postgresql_puts_together(document: Any, model: type[BaseModel]) -> None:
    assert names_in(document) == list(model.model_fields)


def test_a_field_that_no_job_has_is_refused() -> None:
    class More(JobRead):
        mood: str

    with pytest.raises(KeyError, match="mood"):
        document_of(More)


def test_the_answer_to_a_submission_and_the_example() -> None:
    shown = json.loads(
        submitted_document(NEW, key=attempt_key_of(1).job, created_at=datetime(2026, 11, 25, tzinfo=UTC)).text
    )

    assert list(shown) == FIELDS
    assert list(JOB_EXAMPLE) == FIELDS
    JobRead.model_validate(shown)
    JobRead.model_validate(JOB_EXAMPLE)


def test_the_client_knows_every_field() -> None:
    assert set(Job.model_fields) == set(FIELDS)


def test_the_phases() -> None:
    assert list(JobTimings.model_fields) == [*PHASES, "total", "start"]
    assert list(JOB_EXAMPLE["timings"]) == [*PHASES, "total", "start"]
