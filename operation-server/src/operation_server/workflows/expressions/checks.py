"""What is wrong with expressions, told when a workflow is deployed rather than when it runs."""

from __future__ import annotations

from typing import Any

from operation_server.workflows.expressions.errors import ExpressionFailed
from operation_server.workflows.expressions.reading import read
from operation_server.workflows.expressions.templates import expressions_in, parts_of, texts_in
from satellite.schemas.faults import Fault


def check_expression(text: str, *, has_item: bool = False) -> str | None:
    """Return what is wrong with an expression in words, None if nothing is; only some know `item`."""
    reading = read(text)
    if reading.fault is None and reading.uses_item and not has_item:
        return "`item` is known only in the input and the params of tasks with map_over"
    return reading.fault


def tasks_read(text: str) -> frozenset[str]:
    """Return the names of the tasks whose results an expression reads."""
    return read(text).tasks


def check_template(template: Any, *, has_item: bool = False) -> list[Fault]:
    """Return what is wrong with the expressions of a template, each with its JSON pointer."""
    faults = []
    for pointer, text in texts_in(template):
        try:
            expressions = [part.text for part in parts_of(text) if part.is_expression]
        except ExpressionFailed as error:
            faults.append(Fault(pointer, str(error)))
            continue
        said = (check_expression(expression, has_item=has_item) for expression in expressions)
        faults += [Fault(pointer, fault) for fault in said if fault is not None]
    return faults


def tasks_read_in(template: Any) -> frozenset[str]:
    """Return the names of the tasks whose results a template reads that was checked."""
    return frozenset().union(*(tasks_read(expression) for _, expression in expressions_in(template)))
