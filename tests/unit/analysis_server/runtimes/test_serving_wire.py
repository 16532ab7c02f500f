"""The lines of server mode."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_server.runtimes.port import RunStatus, SilentListener
from analysis_server.runtimes.run.control import RunControl
from analysis_server.runtimes.serving.exchange import Exchange
from analysis_server.runtimes.serving.line_splitter import LineSplitter
from analysis_server.runtimes.serving.run import ServerRun
from analysis_server.runtimes.serving.wire import NotAnAnswer, read_answer, request_line
from satellite.contracts.outcome import ErrorKind
from tests.unit.analysis_server.runtimes.server_runs import request_of, run_of

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=10,
)


@given(st.lists(st.binary(max_size=20).map(lambda part: part.replace(b"\n", b"")), min_size=1), st.data())
def test_lines_are_the_same_in_whatever_pieces_they_come(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + b"\n" for line in lines) + b"rest"
    splitter, found = LineSplitter(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += splitter.feed(stream[:size])
        stream = stream[size:]
    assert found == lines
    assert splitter.unfinished == b"rest"


@given(JSON)
def test_a_request_is_one_line_whatever_the_input(job: Any) -> None:
    alone = request_line([run_of(7, job=job)])
    assert alone.count(b"\n") == 1
    assert json.loads(alone) == {"id": "7.1", "input": job}
    several = request_line([run_of(7, job=job), run_of(8, job=job)])
    assert several.count(b"\n") == 1
    assert [each["id"] for each in json.loads(several)["batch"]] == ["7.1", "8.1"]


@given(JSON)
def test_an_answer_as_the_sdk_writes_it_is_kept_byte_for_byte(result: Any) -> None:
    body = json.dumps(result).encode()
    for line in (b'{"id":"7.1","result":%b}', b' { "id": "7.1", "result": %b }\r'):
        answer = read_answer(line % body)
        assert (answer.id, answer.result_json, answer.value) == ("7.1", body, result)
        assert answer.error is None


@given(JSON)
def test_an_answer_written_otherwise_keeps_its_value(result: Any) -> None:
    answer = read_answer(json.dumps({"result": result, "id": "7.1"}).encode())
    assert (answer.id, json.loads(answer.result_json), answer.error) == ("7.1", result, None)


@pytest.mark.parametrize(
    "result",
    [b"[" * 1_000 + b"]" * 1_000, b"NaN", b"[1e400]", rb'"\u0000"', rb'"\ud800"', b"oops", b"9" * 5_000],
)
def test_a_result_that_is_refused_is_its_jobs_fault_alone(result: bytes) -> None:
    runs = [run_of(1), run_of(2)]
    exchange = Exchange(runs)
    assert exchange.take(b'{"id": "1.1", "result": ' + result + b"}") is None
    assert exchange.take(b'{"id": "2.1", "result": [' + b"1" * 30 + b"]}") is None
    exchange.give_results()
    bad, good = [run.wait(0) for run in runs]
    assert bad is not None
    assert bad.error is not None
    assert (bad.error.kind, "The result is refused" in bad.error.message) == (ErrorKind.OUTPUT, True)
    assert good is not None
    assert good.result_json == b"[" + b"1" * 30 + b"]"


def test_an_exit_code_that_no_number_column_holds_is_left_out() -> None:
    line = b'{"id":"1.1","error":{"kind":"exit","message":"no","exit_code":%d}}' % 2**70
    run = run_of(1)
    exchange = Exchange([run])
    assert exchange.take(line) is None
    exchange.give_results()
    result = run.wait(0)
    assert result is not None
    assert result.error is not None
    assert (result.error.message, result.error.exit_code) == ("no", None)


@pytest.mark.parametrize(
    "line",
    [b"", b"hello", b"[]", b'{"result": 1}', b'{"id": "7.1"}', b'{"id":"7.1","result":1', b'{"ready":true}'],
)
def test_anything_else_is_no_answer(line: bytes) -> None:
    with pytest.raises(NotAnAnswer):
        read_answer(line)


def test_a_result_that_smuggles_keys_is_read_as_a_whole() -> None:
    answer = read_answer(b'{"id":"7.1","result":1,"error":{"kind":"exit","message":"no"}}')
    assert answer.error == {"kind": "exit", "message": "no"}


def test_answers_may_come_in_any_order_and_each_only_once() -> None:
    runs = [run_of(1), run_of(2)]
    exchange = Exchange(runs)
    assert exchange.take(b'{"id":"2.1","result":2}') is None
    assert exchange.answered_at is None
    fault = exchange.take(b'{"id":"2.1","result":2}')
    assert fault is not None
    assert (fault.kind, "unknown id '2.1'" in fault.message) == (ErrorKind.OUTPUT, True)
    assert exchange.take(b'{"id":"1.1","result":1}') is None
    assert exchange.answered_at is not None
    exchange.give_results()
    assert [run.wait(0).result_json for run in runs] == [b"1", b"2"]  # type: ignore[union-attr]


def test_a_request_that_the_server_cannot_read_is_refused_input() -> None:
    run = run_of(1)
    exchange = Exchange([run])
    assert exchange.take(b'{"id":null,"error":{"kind":"internal","message":"too deep"}}') is None
    exchange.give_results()
    result = run.wait(0)
    assert result is not None
    assert result.status is RunStatus.FAILED
    assert result.error is not None
    assert (result.error.kind, result.error.message) == (ErrorKind.INPUT, "too deep")


def test_jobs_that_had_one_number_one_after_the_other_are_told_apart() -> None:
    requests = [request_of(7), request_of(7)]
    runs = [ServerRun(request, listener=SilentListener(), control=RunControl()) for request in requests]
    assert len({run.id for run in runs}) == 2
