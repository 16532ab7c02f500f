"""Nothing of a plugin outlives its job, whatever it ignores and whatever it leaves behind."""

from __future__ import annotations

import uuid

import pytest

from analysis_server.runtimes.port import SilentListener
from satellite.contracts.outcome import ErrorKind
from tests.contract.runtimes.bench import containers, processes_with
from tests.fixtures.servers import wait_until
from tests.integration.runtimes.hostile.conftest import Intruder

pytestmark = pytest.mark.docker


def test_what_ignores_signals_and_leaves_children_ends_at_its_deadline(intruder: Intruder) -> None:
    token = uuid.uuid4().hex
    error = intruder.attempt("stay", env={"TOKEN": token}, timeout_s=5).error
    assert error is not None
    assert error.kind is ErrorKind.TIMEOUT
    wait_until(lambda: not containers())
    assert not processes_with(token)


def test_what_ignores_signals_ends_when_it_is_cancelled(intruder: Intruder) -> None:
    token = uuid.uuid4().hex
    request = intruder.bench.request(
        {"tries": {}, "keep": [["stay"]]}, manifest=intruder.manifest(env={"TOKEN": token}), timeout_s=120
    )
    run = intruder.bench.start(request, SilentListener())
    wait_until(lambda: processes_with(token))
    assert intruder.bench.runtime.cancel(request.key)
    run.result(60)
    wait_until(lambda: not containers())
    assert not processes_with(token)


def test_killing_all_that_it_may_ends_only_itself(intruder: Intruder) -> None:
    with intruder.keeping() as (_, neighbour):
        assert intruder.attempt("end_all", timeout_s=3).error is not None
        assert not neighbour.done()
