"""What a plugin answers and logs cannot hurt who reads it."""

from __future__ import annotations

import pytest

from analysis_server.runtimes.port import RunStatus
from satellite.contracts.json_text import JSON_LEVELS_MAX
from satellite.contracts.outcome import ErrorKind
from tests.contract.runtimes.bench import Bench, Ear

pytestmark = pytest.mark.docker


@pytest.mark.parametrize("levels", [JSON_LEVELS_MAX + 1, 255, 1_000, 100_000])
def test_an_answer_that_is_nested_too_deep_is_refused(bench: Bench, levels: int) -> None:
    nested = "[" * levels + "]" * levels
    error = bench.run({"how": "write", "text": f'{{"answer": {nested}}}'}).error
    assert error is not None
    assert error.kind is ErrorKind.OUTPUT


def test_what_looks_like_progress_stays_in_its_range(bench: Bench) -> None:
    forged = ["7 beyond", "nan x", "-1 x", "1e999 x", "0x1 x", "0.5 half"]
    lines = [*(f"::progress {each}" for each in forged), "::end@7", "::begin@7"]
    script = "".join(f"echo '{line}' >&2; " for line in lines) + """echo '{"answer": 1}'"""
    ear = Ear()
    result = bench.run({}, manifest=bench.manifest(command=["sh", "-c", script]), ear=ear)
    assert result.status is RunStatus.COMPLETED
    assert (0.5, "half") in ear.fractions
    assert all(0 <= fraction <= 1 for fraction, _ in ear.fractions)
    assert result.progress is None or 0 <= result.progress <= 1


def test_escapes_stay_escaped_and_what_cannot_be_stored_is_refused(bench: Bench) -> None:
    escaped = bench.run({"how": "write", "text": '{"answer": "\\u001b]0;title\\u0007"}'})
    assert escaped.status is RunStatus.COMPLETED
    assert escaped.result_json == b'{"answer": "\\u001b]0;title\\u0007"}'
    for text in ('{"answer": "\\u0000"}', '{"answer": "\x1b"}', '{"answer": "\\ud800"}'):
        error = bench.run({"how": "write", "text": text}).error
        assert error is not None
        assert error.kind is ErrorKind.OUTPUT
