"""Requests of which a test names only what it is about."""

from __future__ import annotations

from typing import Any

CONTEXT = {
    "task_id": "train",
    "map_index": None,
    "item": None,
    "dag_id": "workflow_3",
    "workflow": "pipeline",
    "run_id": 17,
    "params": {"rows": 5},
    "logical_date": "2026-11-30T09:30:00+09:00",
    "data_interval_start": "2026-11-29T00:30:00Z",
    "data_interval_end": "2026-11-30T00:30:00Z",
}


def run_request(code: str, xcoms: dict[str, Any] | None = None, **context: Any) -> dict[str, Any]:
    """Return the request to run a snippet."""
    return {"action": "run", "code": code, "context": {**CONTEXT, **context}, "xcoms": xcoms or {}}
