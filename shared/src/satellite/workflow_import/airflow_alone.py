"""What the code of a task may use in Airflow, and not where Satellite runs it."""

from __future__ import annotations

import ast
from typing import Final

from satellite.workflow_import.faults import Refused

CONTEXT: Final = frozenset({
    "ti", "task_instance", "params", "logical_date", "ds", "ds_nodash", "ts", "ts_nodash", "run_id",
    "dag_run", "map_index", "data_interval_start", "data_interval_end",
})  # fmt: skip
"""What Satellite's context has of Airflow's."""
ONLY_AIRFLOW: Final = frozenset({
    "dag", "task", "macros", "var", "conn", "conf", "inlets", "outlets", "execution_date",
    "next_execution_date", "prev_execution_date", "prev_ds", "next_ds", "yesterday_ds", "tomorrow_ds",
    "templates_dict", "task_instance_key_str", "triggering_asset_events",
    "prev_data_interval_start_success", "prev_start_date_success", "expanded_ti_count",
    "task_state_store", "asset_state_store", "outlet_events", "inlet_events", "test_mode",
})  # fmt: skip
"""What it has not."""
PULLED_BY: Final = frozenset({"task_ids", "key", "map_indexes", "default"})


def check_code(statement: ast.stmt) -> None:
    """Look through a function, or what it needs.

    Raises:
        Refused: it uses something that is not there.
    """
    arguments = statement.args.kwarg if isinstance(statement, ast.FunctionDef) else None
    context = arguments.arg if arguments else ""
    for node in ast.walk(statement):
        if isinstance(node, ast.Import | ast.ImportFrom):
            _check_import(node)
        elif isinstance(node, ast.Subscript):
            _check_context(node, context)
        elif isinstance(node, ast.Call):
            _check_pull(node)


def _check_import(node: ast.Import | ast.ImportFrom) -> None:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    if any(name.partition(".")[0] == "airflow" for name in names):
        raise Refused(
            node, "a task has no Airflow where Satellite runs it: take what it needs from its context"
        )


def _check_context(node: ast.Subscript, context: str) -> None:
    of_context = isinstance(node.value, ast.Name) and node.value.id == context
    if of_context and isinstance(node.slice, ast.Constant) and node.slice.value in ONLY_AIRFLOW:
        raise Refused(node, f"the context of a task in Satellite has no {node.slice.value}: do without it")


def _check_pull(node: ast.Call) -> None:
    if not (isinstance(node.func, ast.Attribute) and node.func.attr == "xcom_pull"):
        return
    named = {each.arg for each in node.keywords}
    if not node.args and "task_ids" not in named:
        raise Refused(node, "Satellite pulls from the tasks that are named: state task_ids")
    if others := named - PULLED_BY - {None}:
        raise Refused(
            node, f"xcom_pull has no {', '.join(sorted(map(str, others)))} in Satellite: do without it"
        )
