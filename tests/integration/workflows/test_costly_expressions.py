"""Expressions that may cost much: a limited process evaluates them, and may die of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from operation_server.workflows.expressions.errors import ExpressionFailed
from operation_server.workflows.expressions.evaluator import Evaluator

LARGE = "x" * 200_000


@pytest.fixture(scope="module")
def evaluator() -> Iterator[Evaluator]:
    evaluator = Evaluator()
    yield evaluator
    evaluator.close()


def of_result(value: Any) -> dict[str, Any]:
    return {"results": {"a": value}, "params": {}, "run": {}}


def test_loops_have_values(evaluator: Evaluator) -> None:
    variables = of_result({"scores": [0.5, 0.9], "name": "lstm"})

    assert evaluator.evaluate("results.a.scores.map(x, x * 2.0)", variables) == [1.0, 1.8]
    assert evaluator.evaluate('results.a.name.matches("^l.*m$")', variables) is True
    assert evaluator.render({"n": ["${{ results.a.scores.exists(x, x > 0.8) }}"]}, variables) == {"n": [True]}


def test_what_fails_there_is_told_here(evaluator: Evaluator) -> None:
    with pytest.raises(ExpressionFailed, match=r"^there is no b$"):
        evaluator.evaluate("[1].map(x, results.a.b)", of_result({}))
    with pytest.raises(ExpressionFailed, match=r"^JSON has no"):
        evaluator.evaluate('[1].map(x, duration("1h"))', of_result({}))


@pytest.mark.parametrize(
    "expression",
    [
        '["aaaaaaaaaaaaaaaa"]' + ".map(x,x+x)" * 80,
        "results.a.many.map(x, results.a.large)",
        'results.a.many.map(x, "a".matches("(?:(?:a{1,50}){1,50}){1,50}"))',
        "+".join(["results.a.large"] * 60) + ' + "".matches("a") ? "" : ""',
    ],
    ids=["doubled", "copied", "patterns", "sums"],
)
def test_what_costs_too_much_hurts_nobody(evaluator: Evaluator, expression: str) -> None:
    with pytest.raises(ExpressionFailed):
        evaluator.evaluate(expression, of_result({"many": list(range(10_000)), "large": LARGE}))

    assert evaluator.evaluate("[1].map(x, x)", of_result({})) == [1]


def test_many_threads_share_it(evaluator: Evaluator) -> None:
    values: list[Any] = []

    def ask(number: int) -> None:
        values.extend(evaluator.evaluate(f"[{number}].map(x, x)", of_result({})))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(values) == list(range(8))
