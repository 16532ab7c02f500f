"""When a DAG runs by itself."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from satellite.workflow_import.constants import constant, pairs
from satellite.workflow_import.faults import Refused
from satellite.workflow_import.module import Module
from satellite.workflow_import.task_settings import DAY_S, seconds

_ALIASES: Final = frozenset({"@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"})
_TIMETABLES: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "CronTriggerTimetable": ("cron", ("timezone",)),
    "CronDataIntervalTimetable": ("cron", ("timezone",)),
    # Its data interval always ends with a tick and begins with the one before, as here.
    "DeltaTriggerTimetable": ("delta", ("interval",)),
}


def schedule_of(node: ast.expr, stated: Mapping[str, ast.expr], module: Module) -> dict[str, Any] | None:
    """Return the schedule that an argument of a DAG is, in the timezone in which the DAG begins.

    Raises:
        Refused: Satellite has none that does the same.
    """
    if isinstance(node, ast.Call) and module.of_airflow(node.func):
        return _timetable(node, module)
    value = constant(node, module)
    if value is None:
        return None
    if isinstance(value, timedelta):
        return {"every_s": seconds(value, node, least=1, most=366 * DAY_S)}
    if not isinstance(value, str) or (value.startswith("@") and value not in _ALIASES):
        raise Refused(node, f"Satellite has no schedule {value!r}: use a cron expression or a timedelta")
    return _cron(value, _zone_of_start(stated, module))


def _timetable(node: ast.Call, module: Module) -> dict[str, Any]:
    given = {str(each.arg): each.value for each in node.keywords}
    kind = module.of_airflow(node.func)
    if kind not in _TIMETABLES:
        raise Refused(node, f"Satellite has no {kind}: use a cron expression or a timedelta")
    first, others = _TIMETABLES[kind]
    given |= {first: node.args[0]} if node.args else {}
    if first not in given or given.keys() - {first, *others}:
        raise Refused(node, f"Satellite's schedules have of {kind} only {', '.join([first, *others])}")
    if first == "delta":
        return {"every_s": seconds(constant(given[first], module), node, least=1, most=366 * DAY_S)}
    zone = given.get("timezone")
    return _cron(constant(given[first], module), "UTC" if zone is None else _zone(zone, module))


def _cron(cron: str, timezone: str) -> dict[str, Any]:
    return {"cron": cron} if timezone == "UTC" else {"cron": cron, "timezone": timezone}


def _zone_of_start(stated: Mapping[str, ast.expr], module: Module) -> str:
    start = stated.get("start_date")
    if start is None and "default_args" in stated:
        start = dict(pairs(stated["default_args"], module)).get("start_date")
    if isinstance(start, ast.Call):
        for each in start.keywords:
            if each.arg in {"tz", "tzinfo"}:
                return _zone(each.value, module)
    return "UTC"


def _zone(node: ast.expr, module: Module) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Attribute) and node.attr.lower() == "utc":
        return "UTC"
    if isinstance(node, ast.Call) and len(node.args) == 1:
        return _zone(node.args[0], module)
    raise Refused(node, 'write the timezone as an IANA name, as in tz="Asia/Seoul"')
