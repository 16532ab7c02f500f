"""Evaluates expressions of workflows: small ones at once, others in a limited process.

A loop over ten thousand items, each of which becomes a megabyte, is a short expression. What such an
expression takes of time and memory it takes from a process that may die of it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial
from typing import Any

import orjson

from operation_server.workflows.expressions import templates
from operation_server.workflows.expressions.errors import ExpressionFailed
from operation_server.workflows.expressions.reading import read
from operation_server.workflows.expressions.values import value_of, variables_read
from satellite.schemas.limited_process import LimitedProcess, ProcessEnded
from satellite.schemas.limits import CPU_S, MEMORY_MIB

PROGRAM = "operation_server.workflows.expressions.limited"


class Evaluator:
    """Gives expressions their values; safe to use from many threads, and may take seconds."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._process = LimitedProcess(PROGRAM)
        self._lock = threading.Lock()

    def evaluate(self, expression: str, variables: Mapping[str, Any]) -> Any:
        """Return the JSON value of an expression over JSON values.

        Raises:
            ExpressionFailed: it has none.
        """
        reading = read(expression)
        if reading.fault is not None:
            raise ExpressionFailed(reading.fault)
        needed = variables_read(reading, variables)
        return value_of(expression, needed) if reading.is_small else self._ask(expression, needed)

    def render(self, template: Any, variables: Mapping[str, Any]) -> Any:
        """Return a template with the values of its expressions in it.

        Raises:
            ExpressionFailed: one has none; the message begins with its JSON pointer.
        """
        return templates.render(template, partial(self.evaluate, variables=variables))

    def close(self) -> None:
        """End the limited process."""
        self._process.kill()
        with self._lock:
            self._process.end()

    def _ask(self, expression: str, variables: Mapping[str, Any]) -> Any:
        value = orjson.dumps(variables)
        with self._lock:
            try:
                answer = self._answer(expression, value)
            except ProcessEnded as ended:
                told = f"needs more than {CPU_S} s of CPU time or {MEMORY_MIB} MiB"
                raise ExpressionFailed(told) from ended
        if "fault" in answer:
            raise ExpressionFailed(answer["fault"])
        return answer["value"]

    def _answer(self, expression: str, value: bytes) -> Any:
        asked = {"expression": expression}
        try:
            return self._process.ask(asked, b"", value)
        except ProcessEnded as ended:
            if ended.exit_code != 0:
                raise
            # It had just ended for being idle.
            return self._process.ask(asked, b"", value)
