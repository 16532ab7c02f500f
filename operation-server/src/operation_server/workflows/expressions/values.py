"""Evaluates expressions in this process."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import cel

from operation_server.workflows.expressions.errors import ExpressionFailed
from operation_server.workflows.expressions.reading import Reading
from operation_server.workflows.expressions.vocabulary import RESULTS


def value_of(expression: str, variables: Mapping[str, Any]) -> Any:
    """Return the JSON value of an expression that was checked.

    Raises:
        ExpressionFailed: it has none.
    """
    try:
        value = _compiled(expression).execute(dict(variables))
    except Exception as error:
        raise ExpressionFailed(_in_words(error)) from error
    return _as_json(value)


def variables_read(reading: Reading, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return those variables that an expression uses, and of results those of the tasks that it reads.

    Handing a value over costs as much as it is large, and a task that runs for ten thousand items asks for
    its own item ten thousand times.
    """
    results = variables.get(RESULTS, {})
    needed = {name: variables[name] for name in reading.names if name in variables}
    if RESULTS in reading.names:
        needed[RESULTS] = {task: results[task] for task in reading.tasks if task in results}
    return needed


@lru_cache(1024)
def _compiled(expression: str) -> cel.Program:
    return cel.compile(expression)


def _in_words(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"there is no {error.args[0]}"
    return str(error).partition(". ")[0].rstrip(".") or type(error).__name__


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {_key(key): _as_json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_json(each) for each in value]
    if value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, datetime | timedelta | bytes):
        raise ExpressionFailed(f"JSON has no {type(value).__name__}; string(…) makes a text of it")
    raise ExpressionFailed(f"JSON has no {value}")


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    raise ExpressionFailed(f"keys of an object are texts, not {key}")
