"""What of an operator's arguments all operators have: retries, limits, and when it runs."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from satellite.workflow_import.constants import constant
from satellite.workflow_import.faults import Faults, Refused
from satellite.workflow_import.module import Module

JOINS: Final = {
    "all_success": "all_success",
    "all_done": "all_done",
    "one_failed": "one_failed",
    "none_failed_min_one_success": "default",
    "none_failed_or_skipped": "default",
}
NOTHING: Final = frozenset(
    {"owner", "doc", "doc_md", "doc_json", "doc_yaml", "doc_rst", "start_date", "dag", "task_display_name"}
)
"""Changes nothing of what a task does."""
ONLY_AS: Final = {
    "depends_on_past": False,
    "wait_for_downstream": False,
    "retry_exponential_backoff": False,
    "email_on_failure": False,
    "email_on_retry": False,
    "do_xcom_push": True,
    "show_return_value_in_logs": True,
}
"""What may be said as it is anyway."""
DAY_S: Final = 86_400


def settings_of(stated: Mapping[str, ast.expr], module: Module, faults: Faults) -> dict[str, Any]:
    """Return the fields of a task that an operator's arguments make."""
    found: dict[str, Any] = {}
    for name, node in stated.items():
        with faults.collected():
            found |= _field(name, node, stated, module)
    return found


def _field(name: str, node: ast.expr, stated: Mapping[str, ast.expr], module: Module) -> dict[str, Any]:
    if name in NOTHING:
        return {}
    if name == "email":
        return _no_mail(node, stated)
    if name in ONLY_AS:
        return _as_it_is(name, node, module)
    if name not in _FIELDS:
        raise Refused(node, f"{name} has nothing that does the same in Satellite: remove it")
    field, read = _FIELDS[name]
    value = read(constant(node, module), node)
    return {} if value is None else {field: value}


def _no_mail(node: ast.expr, stated: Mapping[str, ast.expr]) -> dict[str, Any]:
    if not {"email_on_failure", "email_on_retry"} <= stated.keys():
        raise Refused(node, "Satellite sends no mail: remove email")
    return {}


def _as_it_is(name: str, node: ast.expr, module: Module) -> dict[str, Any]:
    if constant(node, module) is not ONLY_AS[name]:
        raise Refused(node, f"{name} can only be {ONLY_AS[name]}: remove it")
    return {}


def whole(value: Any, node: ast.expr, *, least: int, most: int) -> int:
    """Return a number that may only be a whole one.

    Raises:
        Refused: it is none, or out of range.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Refused(node, f"this must be a whole number from {least} to {most}")
    return value


def seconds(value: Any, node: ast.expr, *, least: float, most: float) -> float:
    """Return a length of time, which Airflow takes as a number of seconds too.

    Raises:
        Refused: it is none, or out of range.
    """
    length = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(length, bool) or not isinstance(length, int | float) or not least <= length <= most:
        raise Refused(node, f"this must be a length of time from {least} s to {most} s")
    return int(length) if length == int(length) else length


def _timeout(value: Any, node: ast.expr) -> float | None:
    return None if value is None else seconds(value, node, least=0.01, most=7 * DAY_S)


def _join(value: Any, node: ast.expr) -> str:
    if value not in JOINS:
        known = ", ".join(rule for rule in JOINS if rule != "none_failed_or_skipped")
        raise Refused(node, f"Satellite has no trigger rule {value}: use one of {known}")
    return JOINS[value]


_FIELDS: Final[dict[str, tuple[str, Callable[[Any, ast.expr], Any]]]] = {
    "retries": ("retry_count", lambda value, node: whole(value, node, least=0, most=100)),
    "retry_delay": ("retry_delay", lambda value, node: seconds(value, node, least=0, most=DAY_S)),
    "execution_timeout": ("timeout_s", _timeout),
    "trigger_rule": ("join", _join),
    "max_active_tis_per_dagrun": (
        "max_parallel",
        lambda value, node: whole(value, node, least=1, most=10_000),
    ),
}
