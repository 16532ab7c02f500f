"""Limited processes: they compile, check, die, and are replaced."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from satellite.schemas import checker
from satellite.schemas.compiled import SchemaInvalid
from satellite.schemas.faults import SchemaTooComplex
from satellite.schemas.limits import MEMORY_MIB
from satellite.schemas.pool import UNTOLD, CheckerPool
from tests.fixtures.schemas import anchored, counting_socket, doubling, unevaluated


@pytest.fixture
def pool() -> Iterator[CheckerPool]:
    pool = CheckerPool(1)
    yield pool
    pool.close()


def text(value: Any) -> bytes:
    return json.dumps(value).encode()


def check(pool: CheckerPool, schema: Any, value: Any, *, list_all: bool = True) -> list[str]:
    faults = pool.faults(text(schema).decode(), text(schema), text(value), list_all=list_all)
    return [fault.pointer for fault in faults]


def test_violations_come_with_their_pointers(pool: CheckerPool) -> None:
    schema = {"items": {"type": "integer"}}

    assert check(pool, schema, [1, 2]) == []
    assert check(pool, schema, [1, "x", "y"]) == ["/1", "/2"]
    assert check(pool, schema, [1, "x", "y"], list_all=False) == ["/1"]
    assert check(pool, {"minimum": 2**70}, 2**70 - 1) == [""]


def test_one_process_serves_many_requests_of_a_large_server(pool: CheckerPool) -> None:
    ballast = b"x" * (MEMORY_MIB * 2**20 // 2)
    pids = set()
    for number in range(20):
        check(pool, {"minimum": number}, 1)
        pids |= set(pool.pids)

    assert len(pids) == 1
    assert ballast


def test_what_is_no_schema_is_told(pool: CheckerPool) -> None:
    with pytest.raises(SchemaInvalid) as told:
        pool.compile(text({"properties": {"a": {"type": "no-such-type"}}}))

    assert told.value.fault.pointer == "/properties/a/type"


@pytest.mark.parametrize("schema", [anchored(40), unevaluated(40)], ids=["anchors", "unevaluated"])
def test_what_takes_too_long_ends_its_process_and_no_other_request(pool: CheckerPool, schema: Any) -> None:
    check(pool, {}, 1)
    before = pool.pids

    with pytest.raises(SchemaTooComplex, match="2 s of CPU time or 512 MiB"):
        pool.faults("slow", text(schema), text({"a": 1}), list_all=True)

    assert check(pool, {"type": "string"}, 1) == [""]
    assert pool.pids != before


def test_a_value_that_takes_too_long_ends_its_process(pool: CheckerPool) -> None:
    with pytest.raises(SchemaTooComplex):
        check(pool, {"pattern": "(?=.*[A-Z]).*$"}, "a" * 300_000)


def test_too_much_memory_ends_the_process_after_its_verdict(pool: CheckerPool) -> None:
    # Each of a hundred messages would hold the whole value.
    schema = {"allOf": [{"type": "string"}] * 100}

    assert pool.faults("", text(schema), text(list(range(900_000))), list_all=True) == [UNTOLD]
    assert check(pool, schema, "x") == []


def test_a_verdict_stands_though_telling_why_takes_too_long(pool: CheckerPool) -> None:
    assert pool.faults("", text(doubling(22)), b"1", list_all=True) == [UNTOLD]


def test_a_value_of_any_depth_is_answered(pool: CheckerPool) -> None:
    value = b"[" * 50_000 + b"]" * 50_000

    assert [fault.message for fault in pool.faults("", b"{}", value, list_all=True)] == [
        checker.TOO_DEEP.message
    ]


def test_a_process_that_was_killed_is_replaced(pool: CheckerPool) -> None:
    check(pool, {}, 1)
    os.kill(pool.pids[0], signal.SIGKILL)

    with pytest.raises(SchemaTooComplex):
        # It may have taken the request before it died, and nobody knows whether because of it.
        check(pool, {}, 1)
    assert check(pool, {}, 1) == []


def test_a_process_that_ended_for_being_idle_is_replaced_unnoticed(pool: CheckerPool) -> None:
    check(pool, {}, 1)
    process = pool._processes[0]
    assert process._peer is not None
    # What the process sees is the same as at the end of its patience: it ends by itself, with 0.
    process._peer.shutdown(1)
    assert process._process is not None
    process._process.wait(60)

    assert check(pool, {"type": "string"}, 1) == [""]


def test_a_process_that_says_nothing_is_ended(pool: CheckerPool) -> None:
    check(pool, {}, 1)
    peer = pool._processes[0]._peer
    assert peer is not None
    # Only now: its start takes longer on a busy machine.
    peer.settimeout(0.5)
    os.kill(pool.pids[0], signal.SIGSTOP)

    with pytest.raises(SchemaTooComplex):
        check(pool, {}, 1)
    assert check(pool, {}, 1) == []


def test_others_are_served_while_one_is_busy() -> None:
    pool = CheckerPool(2)
    failed: list[BaseException] = []

    def stall() -> None:
        try:
            pool.faults("slow", text(unevaluated(40)), text({"a": 1}), list_all=True)
        except SchemaTooComplex as exc:
            failed.append(exc)

    slow = threading.Thread(target=stall)
    slow.start()
    served = 0
    while slow.is_alive():
        assert check(pool, {"type": "string"}, 1) == [""]
        served += 1
    slow.join()
    pool.close()

    assert failed
    assert served > 1


def test_closing_ends_a_process_at_work() -> None:
    pool = CheckerPool(1)
    outcome: list[str] = []

    def stall() -> None:
        try:
            pool.faults("slow", text(unevaluated(40)), text({"a": 1}), list_all=True)
        except SchemaTooComplex:
            outcome.append("told")

    slow = threading.Thread(target=stall)
    slow.start()
    while not pool.pids:
        slow.join(0.01)
    pool.close()
    slow.join(60)

    assert outcome == ["told"]
    assert pool.pids == []


def test_nothing_is_opened_and_no_secret_is_passed_on(
    pool: CheckerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SATELLITE_SECRET_TOKEN", "s3cret")
    with counting_socket() as counting:
        for schema in ({"$schema": counting.url}, {"$ref": counting.url}):
            with pytest.raises(SchemaInvalid):
                pool.compile(text(schema))
        environment = Path(f"/proc/{pool.pids[0]}/environ").read_bytes()
        assert b"s3cret" not in environment
        assert counting.connections == 0
