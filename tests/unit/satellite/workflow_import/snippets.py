"""Runs the snippets of a workflow one after another, as far as tests of the import need it."""

from __future__ import annotations

import json
from typing import Any


class Pushed:
    """What tasks have pushed, and the `ti` of each."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], Any] = {}
        self.task_id = ""

    def xcom_push(self, *, key: str, value: Any) -> None:
        self.values[self.task_id, key] = value

    def xcom_pull(self, *, task_ids: str, key: str = "return_value") -> Any:
        return self.values.get((task_ids, key))


def run(definition: dict[str, Any], *, day: str = "2026-11-25") -> dict[str, Any]:
    """Return what each task returns; those of a mapped one as a list."""
    pushed = Pushed()
    left = list(definition["tasks"])
    returned: dict[str, Any] = {}
    while left:
        task = next(each for each in left if returned.keys() >= set(each.get("dependencies", [])))
        left.remove(task)
        pushed.task_id = task["name"]
        returned[task["name"]] = _mapped(task, pushed, returned, day)
        pushed.xcom_push(key="return_value", value=returned[task["name"]])
    return returned


def _mapped(task: dict[str, Any], pushed: Pushed, returned: dict[str, Any], day: str) -> Any:
    if "map_over" not in task:
        return _run(task["python_callable"], pushed, day, item=None)
    list_of = task["map_over"].removeprefix("results.")
    items = returned[list_of] if list_of in returned else json.loads(task["map_over"])
    return [_run(task["python_callable"], pushed, day, item=item) for item in items]


def _run(code: str, pushed: Pushed, day: str, *, item: Any) -> Any:
    context = {"ti": pushed, "params": {}, "ds": day, "run_id": 1, "item": item}
    names: dict[str, Any] = {"context": context, "__name__": "__main__"}
    exec(compile(code, "snippet", "exec", dont_inherit=True), names)
    return names["main"](context) if "main" in names else None
