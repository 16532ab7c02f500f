"""`context`: what a snippet is given, under the names that Airflow has for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from messages import TaskContext
from task_instance import TaskInstance
from values import decode_value


def make_context(given: TaskContext, ti: TaskInstance) -> dict[str, Any]:
    """Return the context of a step."""
    moment = given.logical_date
    return {
        "ti": ti,
        "task_instance": ti,
        "params": dict(given.params),
        "run_id": given.run_id,
        "dag_run": SimpleNamespace(
            run_id=given.run_id, dag_id=given.dag_id, conf=dict(given.params), logical_date=moment
        ),
        "workflow": given.workflow,
        "logical_date": moment,
        "ds": f"{moment:%Y-%m-%d}",
        "ds_nodash": f"{moment:%Y%m%d}",
        "ts": moment.isoformat(),
        "ts_nodash": f"{moment:%Y%m%dT%H%M%S}",
        "data_interval_start": given.data_interval_start,
        "data_interval_end": given.data_interval_end,
        "map_index": ti.map_index,
        "item": _read_item(given.item),
    }


def _read_item(item: Any) -> Any:
    try:
        return decode_value(item)
    except (ValueError, TypeError, KeyError):
        # It is of a list that no step has pushed, and only looks like what one would have.
        return item
