"""What the arguments of a DAG say of the whole workflow."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any, Final

from satellite.workflow_import.constants import constant, pairs
from satellite.workflow_import.faults import Faults, Refused
from satellite.workflow_import.module import Module
from satellite.workflow_import.schedules import schedule_of
from satellite.workflow_import.task_settings import DAY_S, seconds, whole

NOTHING: Final = frozenset({"start_date", "tags", "doc_md", "default_view", "orientation", "default_args"})


def settings_of(stated: Mapping[str, ast.expr], module: Module, faults: Faults) -> dict[str, Any]:
    """Return the fields of a workflow that the arguments of its DAG make, those of its tasks aside."""
    found: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    for name, node in stated.items():
        with faults.collected():
            if name in _LIMITS:
                limit, read = _LIMITS[name]
                limits |= {limit: read(constant(node, module), node)}
            elif name not in NOTHING:
                found |= _field(name, node, stated, module)
    return _named(found, stated) | ({"settings": limits} if limits else {})


def _named(found: dict[str, Any], stated: Mapping[str, ast.expr]) -> dict[str, Any]:
    schedule = found.get("schedule")
    # Airflow lets the runs of a schedule overlap unless there may be only one.
    runs = stated.get("max_active_runs")
    if schedule is not None and not (isinstance(runs, ast.Constant) and runs.value == 1):
        schedule["overlap"] = "allow"
    found["name"] = found.pop("display_name", None) or found.get("name")
    return found


def _field(name: str, node: ast.expr, stated: Mapping[str, ast.expr], module: Module) -> dict[str, Any]:
    if name in {"schedule", "schedule_interval", "timetable"}:
        return {"schedule": schedule_of(node, stated, module)}
    if name == "params":
        return {"params": {key: _param(value, module) for key, value in pairs(node, module)}}
    if name not in _FIELDS:
        raise Refused(node, f"{name} has nothing that does the same in Satellite: remove it")
    return _FIELDS[name](constant(node, module), node)


def _param(node: ast.expr, module: Module) -> Any:
    if not (isinstance(node, ast.Call) and module.qualified(node.func).rpartition(".")[2] == "Param"):
        return constant(node, module)
    if len(node.args) != 1 or node.keywords:
        raise Refused(node, "Satellite does not check params: give the default alone, without a schema")
    return constant(node.args[0], module)


def _text(field: str) -> Callable[[Any, ast.expr], dict[str, Any]]:
    def read(value: Any, node: ast.expr) -> dict[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, str):
            raise Refused(node, "this must be a text")
        return {field: value}

    return read


def _catchup(value: Any, node: ast.expr) -> dict[str, Any]:
    if value is not False:
        raise Refused(
            node, "Satellite makes up for downtime alone: say False, and start a backfill for the past"
        )
    return {}


_FIELDS: Final[dict[str, Callable[[Any, ast.expr], dict[str, Any]]]] = {
    "dag_id": _text("name"),
    "dag_display_name": _text("display_name"),
    "description": _text("description"),
    "catchup": _catchup,
    "is_paused_upon_creation": lambda value, _: {"is_active": False} if value else {},
}
_LIMITS: Final[dict[str, tuple[str, Callable[[Any, ast.expr], Any]]]] = {
    "max_active_runs": (
        "max_active_runs",
        lambda value, node: whole(value, node, least=1, most=1_000),
    ),
    "max_active_tasks": (
        "max_parallel",
        lambda value, node: whole(value, node, least=1, most=10_000),
    ),
    "dagrun_timeout": (
        "deadline_s",
        lambda value, node: seconds(value, node, least=1, most=366 * DAY_S),
    ),
}
