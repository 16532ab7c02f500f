"""Jobs are told apart by their uids wherever a message, a key or a name speaks of them."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from satellite.contracts import redis_keys
from satellite.contracts.identity import AttemptKey, uid_by_number
from satellite.contracts.job import AttemptMessage, ControlMessage
from satellite.testing import attempt_key_of, started_report_of

FORMER, PRESENT = AttemptKey(7, 2, uuid4()), AttemptKey(7, 2, uuid4())
OLDER = attempt_key_of(7, 2)
NAMES: dict[str, Callable[[AttemptKey], str]] = {
    "claim": redis_keys.claim,
    "lease": redis_keys.lease,
    "cancel": lambda key: redis_keys.cancel(key.job),
    "newest": lambda key: redis_keys.newest_attempt(key.job),
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_equal_numbers_of_two_jobs_have_different_names(name: Callable[[AttemptKey], str]) -> None:
    assert len({name(FORMER), name(PRESENT), name(OLDER)}) == 3


def test_what_was_there_before_uids_keeps_its_names() -> None:
    names = [name(OLDER).removeprefix("satellite:") for name in NAMES.values()]
    assert names == ["claim:7:2", "lease:7:2", "cancel:7", "newest:7"]


@pytest.mark.parametrize("key", [PRESENT, OLDER])
def test_a_lease_tells_whose_it_is(key: AttemptKey) -> None:
    assert redis_keys.leased(redis_keys.lease(key)) == key
    assert redis_keys.leased(redis_keys.claim(key)) is None


def test_a_message_without_a_uid_is_about_a_job_from_before_there_were_any() -> None:
    fields = started_report_of(7, 2).model_dump(mode="json")
    del fields["uid"]
    assert AttemptMessage.model_validate(fields).key == OLDER
    assert ControlMessage.model_validate({"action": "cancel", "job_id": 7}).job == OLDER.job


def test_a_uid_travels_as_text() -> None:
    report = started_report_of(*PRESENT[:2], uid=PRESENT.uid)
    assert report.model_dump(mode="json")["uid"] == str(PRESENT.uid)
    assert type(report).model_validate_json(report.model_dump_json()).key == PRESENT


def test_the_uid_by_number_never_changes() -> None:
    # The database and the spools of workers hold it.
    assert uid_by_number(7) == UUID("e6fefb4d-2201-d52a-c5ae-3239890eb3a7")
