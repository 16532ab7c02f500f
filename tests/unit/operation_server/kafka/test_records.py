"""What a record says, and what is said of one that is no job."""

from __future__ import annotations

import codecs
import json
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import pytest
from confluent_kafka import Message
from pydantic import ValidationError

from operation_server.accounts.errors import KeyTooNarrow
from operation_server.events.handler import DurableEvent
from operation_server.faults import Outage
from operation_server.inference.schemas import InferenceCreate
from operation_server.jobs.errors import IdempotencyKeyReused, InputInvalid
from operation_server.jobs.schemas import JobCreate
from operation_server.kafka.consumer import read_message
from operation_server.kafka.dead_letters import dead_letter
from operation_server.kafka.door import read_request
from operation_server.kafka.errors import BrokersAway, SubmitterRefused
from operation_server.kafka.record import IncomingRecord
from operation_server.kafka.sink import event_record
from operation_server.kafka.verdict import AGAIN_AFTER_MAX_S, again_after_s, problem_of
from operation_server.limits.errors import QueueQuotaReached, RateExceeded
from operation_server.limits.rates import Rate, Standing
from operation_server.live.frame import Frame
from operation_server.plugins.errors import PluginNotFound, SchemaChecksBusy
from operation_server.problems import Violation
from satellite.contracts.identity import JobKey
from satellite.contracts.json_text import JSONRefused

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RATE = Rate(name="submissions", what="jobs", who="7", quantity=1)


def incoming(value: bytes | None = b"{}", **fields: Any) -> IncomingRecord:
    return IncomingRecord(topic="t", partition=2, offset=7, key=b"k", value=value, **fields)


def event(**fields: Any) -> DurableEvent:
    known: dict[str, Any] = {"subject": "job", "type": "result", "data": '{"result": 1.0, "attempt": 2}'}
    return DurableEvent(id=17, job_id=42, owner_id=1, at=AT, **known | fields)


class TestEvents:
    @pytest.mark.parametrize("subject", ["job", "run"])
    def test_its_value_is_the_frame_of_live_clients(self, subject: str) -> None:
        told = event(subject=subject)
        frame = Frame.build(
            job=JobKey(42, UUID(int=0)), owner_id=1, type_="result", data=told.data, at=AT.isoformat(),
            event_id=17, subject=subject,
        )  # fmt: skip

        assert event_record("events", told).value == frame.text(17).encode()

    def test_its_key_is_the_job_and_its_headers_tell_repeats(self) -> None:
        record = event_record("events", event())

        assert (record.topic, record.key) == ("events", b"42")
        assert list(record.headers) == [("cursor", b"0-0:17"), ("type", b"result")]

    def test_a_short_one_says_what_it_is_without(self) -> None:
        record = event_record("events", event(), is_short=True)

        assert json.loads(record.value or b"")["data"] == {"attempt": 2}
        assert ("left-out", b"result") in record.headers


class TestRequests:
    def test_a_job(self) -> None:
        request = read_request(incoming(b'{"plugin_name": "adder", "input_data": {"n": 1}, "priority": 3}'))
        assert request == JobCreate(plugin_name="adder", input_data={"n": 1}, priority=3)

    def test_a_request_to_a_model(self) -> None:
        request = read_request(incoming(b'{"model_name": "m@3", "data": [1]}'))
        assert request == InferenceCreate(model_name="m@3", data=[1])

    def test_a_mark_in_front_of_utf8_is_none_of_the_value(self) -> None:
        value = codecs.BOM_UTF8 + b'{"plugin_name": "adder", "input_data": 1}'
        assert read_request(incoming(value)).model_fields_set == {"plugin_name", "input_data"}

    @pytest.mark.parametrize("value", [None, b"", b"{", b"[NaN]", b'{"a": 1e999}'])
    def test_what_is_no_json(self, value: bytes | None) -> None:
        with pytest.raises(JSONRefused):
            read_request(incoming(value))

    @pytest.mark.parametrize("value", [b"null", b"[]", b'"text"', b"{}"])
    def test_what_is_no_request(self, value: bytes) -> None:
        with pytest.raises(ValidationError):
            read_request(incoming(value))

    def test_the_last_header_of_a_name_counts(self) -> None:
        record = incoming(headers=[("traceparent", b"a"), ("traceparent", b"b"), ("other", None)])
        assert (record.header("traceparent"), record.header("other")) == ("b", None)
        assert record.place == "t/2/7"


class Unreadable:
    """A message with a header whose name is no UTF-8, as the library answers to it."""

    def topic(self) -> str:
        return "t"

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return 1

    def key(self) -> None:
        return None

    def value(self) -> bytes:
        return b"{}"

    def headers(self) -> None:
        raise SystemError("returned a result with an exception set")


def test_unreadable_headers_cost_no_record() -> None:
    record = read_message(cast("Message", Unreadable()))
    assert (record.value, record.headers) == (b"{}", ())


class TestVerdicts:
    @pytest.mark.parametrize(
        "error",
        [
            QueueQuotaReached(asked=1, most=1),
            RateExceeded(Standing(rate=RATE, remaining=0, reset_s=60, wait_s=60)),
            SchemaChecksBusy(),
            SubmitterRefused(),
            BrokersAway("gone"),
            Outage(),
            ConnectionRefusedError(),
        ],
    )
    def test_what_passes_is_waited_for(self, error: Exception) -> None:
        assert 0 < (again_after_s(error) or 0) <= AGAIN_AFTER_MAX_S

    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (PluginNotFound(), "plugin_not_found"),
            (KeyTooNarrow(), "key_too_narrow"),
            (IdempotencyKeyReused(), "idempotency_key_reused"),
            (InputInvalid([Violation("/input_data/n", "is no number")]), "input_invalid"),
            (JSONRefused("is too deep", ["a"]), "request_malformed"),
            (RuntimeError("a bug"), "internal"),
        ],
    )
    def test_what_does_not_pass_is_the_records_own(self, error: Exception, code: str) -> None:
        assert again_after_s(error) is None
        assert problem_of(error)["code"] == code

    def test_a_malformed_request_names_its_places(self) -> None:
        with pytest.raises(ValidationError) as refused:
            read_request(incoming(b'{"plugin_name": "", "input_data": 1, "colour": "blue"}'))
        problem = problem_of(refused.value)

        assert {each["pointer"] for each in problem["errors"]} == {"/plugin_name", "/colour"}
        assert problem["status"] == 422

    def test_what_a_bug_says_is_not_told(self) -> None:
        assert "a bug" not in json.dumps(problem_of(RuntimeError("a bug")))


def test_a_dead_letter_is_the_record_and_its_reason() -> None:
    record = incoming(b"{", headers=[("mine", b"1")])
    letter = dead_letter("t.dead-letters", record, {"code": "c"})
    short = dead_letter("t.dead-letters", record, {"code": "c"}, is_short=True)

    reason = [("mine", b"1"), ("satellite-source", b"t/2/7"), ("satellite-problem", b'{"code":"c"}')]
    assert (letter.topic, letter.key, letter.value, letter.headers) == ("t.dead-letters", b"k", b"{", reason)
    assert (short.value, short.headers) == (None, [*reason, ("left-out", b"value")])
