"""The concurrency key of a run: of those of a workflow with the same key only so many go on at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from operation_server.workflows.expressions.evaluator import Evaluator
from satellite.contracts.json_text import write_json


def concurrency_key(
    expression: str,
    params: Mapping[str, Any],
    *,
    run: Mapping[str, Any],
    expressions: Evaluator,
) -> str:
    """Return the key of a run with these params as text.

    `run` is what is known of the run before it begins.

    Raises:
        ExpressionFailed: the expression has no value.
    """
    variables = {"params": params, "results": {}, "run": run}
    value = expressions.evaluate(expression, variables)
    return value if isinstance(value, str) else write_json(value)
