"""What of a DAG does not depend on what its tasks do."""

from __future__ import annotations

from typing import Final

from operation_server.workflows.airflow.python_text import call, literal, text_literal
from satellite.contracts.workflow import Schedule, WorkflowDefinition

START: Final = "datetime(2024, 1, 1, tzinfo=timezone.utc)"
"""Before any run; the file of a definition is always the same, so it is no time of now."""


def dag_id(workflow_id: int) -> str:
    """Return the name under which Airflow knows a workflow."""
    return f"workflow_{workflow_id}"


def naming_arguments(definition: WorkflowDefinition, workflow_id: int) -> list[str]:
    """Return the arguments by which people find the DAG."""
    described = [f"description={text_literal(definition.description)}"] if definition.description else []
    return [
        f"dag_id={text_literal(dag_id(workflow_id))}",
        f"dag_display_name={text_literal(definition.name)}",
        *described,
        'tags=["satellite"]',
    ]


def schedule_arguments(schedule: Schedule | None) -> list[str]:
    """Return the arguments by which a DAG runs at the ticks of a schedule."""
    return [
        f"schedule={_timetable(schedule, depth=1)}",
        f"start_date={START}",
        "catchup=False",
    ]


def timetable_import(schedule: Schedule | None) -> str:
    """Return the import that the schedule needs, with an empty line before it, or nothing."""
    if schedule is None:
        return ""
    return f"\nfrom airflow.timetables.trigger import {_kind(schedule)}\n"


def seconds(amount: float) -> str:
    """Return a length of time as Python writes it."""
    whole = int(amount)
    return f"timedelta(seconds={whole if whole == amount else amount!r})"


def _kind(schedule: Schedule) -> str:
    return "DeltaTriggerTimetable" if schedule.cron is None else "CronTriggerTimetable"


def _timetable(schedule: Schedule | None, *, depth: int) -> str:
    if schedule is None:
        return "None"
    if schedule.cron is None:
        # Of itself the data interval of a tick would be no longer than the tick.
        every = seconds(schedule.every_s or 0)
        return call(_kind(schedule), [every, f"interval={every}"], depth=depth)
    zone = f"timezone={text_literal(schedule.timezone)}"
    return call(_kind(schedule), [literal(_AS_AIRFLOW.get(schedule.cron, schedule.cron)), zone], depth=depth)


_AS_AIRFLOW: Final = {"@midnight": "@daily", "@annually": "@yearly"}
