"""The workflows of the demo: one by the clock with some hours behind it, one that asks, one that fails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from satellite.client import SatelliteClient
from satellite.client.errors import Conflict
from satellite.demo.people import ADA, BEN, Clients

HOURS: Final = 6
TABLES: Final = [f"hour,degrees\n{hour},{12 + hour}\n{hour},{12 + hour}\n" for hour in range(3)]

HOURLY: Final[dict[str, Any]] = {
    "name": "hourly_cleaning",
    "description": "Cleans what the stations have sent, each hour.",
    "schedule": {"cron": "0 * * * *"},
    "params": {"tables": TABLES},
    "tasks": [
        {
            "name": "clean",
            "kind": "plugin",
            "plugin_name": "example-processor",
            "map_over": "params.tables",
            "input": {"csv": "${{ item }}"},
        },
        {
            "name": "judge",
            "kind": "plugin",
            "plugin_name": "example-warm",
            "dependencies": ["clean"],
            "input": {"text": "What a good table!"},
        },
    ],
}
RELEASE: Final[dict[str, Any]] = {
    "name": "release_check",
    "description": "Tries a release, asks somebody, and publishes it.",
    "tasks": [
        {"name": "try_out", "kind": "plugin", "plugin_name": "example-failing", "input": {"how": "ok"}},
        {
            "name": "review",
            "kind": "approval",
            "dependencies": ["try_out"],
            "form": {
                "type": "object",
                "properties": {"reviewer": {"type": "string", "minLength": 1, "title": "Who looked"}},
                "required": ["reviewer"],
            },
            "expires_s": 604_800,
        },
        {
            "name": "publish",
            "kind": "plugin",
            "plugin_name": "example-warm",
            "dependencies": ["review"],
            "input": {"text": "A great release!"},
        },
    ],
}
FRAGILE: Final[dict[str, Any]] = {
    "name": "fragile_import",
    "description": "Imports from a source that refuses: a task that fails, and what is blocked by it.",
    "tasks": [
        {
            "name": "fetch",
            "kind": "plugin",
            "plugin_name": "example-failing",
            "input": {"how": "exit", "code": 9},
            "retry_count": 1,
            "retry_delay": 1,
        },
        {
            "name": "store",
            "kind": "plugin",
            "plugin_name": "example-processor",
            "dependencies": ["fetch"],
            "input": {"csv": "a\n1\n"},
        },
    ],
}


def fill_workflows(clients: Clients, *, now: datetime | None = None) -> None:
    """Deploy the workflows and begin their runs, each once however often this is called."""
    ada, ben = clients[ADA.name], clients[BEN.name]
    _fill_hours(ada, _deployed(ada, HOURLY), now or datetime.now(UTC))
    release = _deployed(ben, RELEASE)
    for key in ("demo-release-1", "demo-release-2"):
        ben.trigger(release, idempotency_key=key)
    ada.trigger(_deployed(ada, FRAGILE), idempotency_key="demo-fragile-1")


def approve_first(clients: Clients) -> bool:
    """Approve the first release once it asks, and tell whether it was; the second goes on waiting."""
    ben = clients[BEN.name]
    release = ben.find_workflow(RELEASE["name"])
    if release is None:
        return False
    run = ben.trigger(release.id, idempotency_key="demo-release-1")
    if run.is_finished:
        return True
    try:
        ben.approve(run.id, "review", comment="Looks fine.", data={"reviewer": BEN.full_name})
    except Conflict:
        # It does not ask yet, or was answered before.
        return any(task.name == "review" and task.ended_at for task in ben.get_run(run.id).tasks or [])
    return True


def _deployed(client: SatelliteClient, definition: dict[str, Any]) -> int:
    """Return the id of a workflow, which is made and deployed unless it is there: it may have been edited."""
    known = client.find_workflow(definition["name"]) or client.create_workflow(definition)
    if known.deployed_version is None:
        client.deploy_workflow(known.id)
    return known.id


def _fill_hours(client: SatelliteClient, workflow_id: int, now: datetime) -> None:
    if client.list_backfills(workflow_id).total:
        return
    hour = now.replace(minute=0, second=0, microsecond=0)
    client.backfill(workflow_id, hour - timedelta(hours=HOURS), hour, max_active=3)
