"""A workflow as a DAG that triggers its runs in Satellite and shows what becomes of them."""

from __future__ import annotations

from typing import Final

from operation_server.workflows.airflow.dag_arguments import (
    naming_arguments,
    schedule_arguments,
    timetable_import,
)
from operation_server.workflows.airflow.edges import edges
from operation_server.workflows.airflow.mirror_template import END, IMPORTS, OPERATORS, TRIGGER
from operation_server.workflows.airflow.python_text import TAB, call, text_literal
from operation_server.workflows.airflow.variables import variables
from satellite.contracts.workflow import Task, WorkflowDefinition

CONNECTION_ID: Final = "satellite_default"
TRIGGER_ARGUMENTS: Final = ('trigger_rule="all_success"', "retries=5", "retry_delay=timedelta(seconds=10)")


def mirror_dag(
    definition: WorkflowDefinition,
    *,
    workflow_id: int,
    connection_id: str = CONNECTION_ID,
    scheduled_by_airflow: bool = False,
) -> str:
    """Return the file of a DAG with the same tasks, whose runs are those of Satellite.

    Of two clocks one would be too many: the DAG has the workflow's schedule only if Satellite's own is off.
    """
    schedule = definition.schedule if scheduled_by_airflow else None
    trigger, end = _beside(TRIGGER, definition), _beside(END, definition)
    arguments = [*naming_arguments(definition, workflow_id), *schedule_arguments(schedule)]
    return "".join(
        [
            IMPORTS,
            timetable_import(schedule),
            OPERATORS,
            f"\nWORKFLOW_ID = {workflow_id}\n",
            f"CONNECTION_ID = {text_literal(connection_id)}\n",
            f"TRIGGER = {text_literal(trigger)}\n\n",
            f"with {call('DAG', arguments)}:\n",
            *_tasks(definition, trigger, end),
        ]
    )


def _beside(name: str, definition: WorkflowDefinition) -> str:
    taken = {task.name for task in definition.tasks}
    while name in taken:
        name += "_"
    return name


def _tasks(definition: WorkflowDefinition, trigger: str, end: str) -> list[str]:
    dependencies: dict[str, list[str]] = {trigger: []}
    dependencies |= {task.name: task.dependencies or [trigger] for task in definition.tasks}
    followed = {name for before in dependencies.values() for name in before}
    dependencies[end] = [name for name in dependencies if name not in followed]
    variable_of = variables(dependencies)
    return [
        _task(variable_of[trigger], "TriggerRun", trigger, TRIGGER_ARGUMENTS),
        *(_step(variable_of[task.name], task) for task in definition.tasks),
        _task(variable_of[end], "WaitForRun", end, ('trigger_rule="all_done"', "**WAIT")),
        "\n",
        edges(dependencies, variable_of),
    ]


def _step(variable: str, task: Task) -> str:
    # Which of them run is decided in Satellite, so one follows another whatever has become of that.
    rule = "all_done" if task.dependencies else "all_success"
    return _task(variable, "WaitForStep", task.name, (f'trigger_rule="{rule}"', "**WAIT"))


def _task(variable: str, operator: str, name: str, arguments: tuple[str, ...]) -> str:
    return f"{TAB}{variable} = {call(operator, [f'task_id={text_literal(name)}', *arguments], depth=1)}\n"
