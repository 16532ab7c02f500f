"""A workflow as a DAG that runs its snippets in Airflow, without Satellite."""

from __future__ import annotations

from typing import Any, Final

from operation_server.workflows.airflow.carried_over import items_of, obstacles
from operation_server.workflows.airflow.dag_arguments import (
    naming_arguments,
    schedule_arguments,
    seconds,
    timetable_import,
)
from operation_server.workflows.airflow.edges import edges
from operation_server.workflows.airflow.native_template import IMPORTS, WAIT_IMPORTS
from operation_server.workflows.airflow.obstacles import NotExportable
from operation_server.workflows.airflow.python_text import (
    TAB,
    bracketed,
    call,
    code_literal,
    literal,
    text_literal,
)
from operation_server.workflows.airflow.variables import variables
from satellite.contracts.workflow import Join, Overlap, Task, TaskKind, WorkflowDefinition
from satellite.workflow_import.exported_text import (
    ITEM,
    PARAMS,
    RUNNER,
    SNIPPET_RUNNER,
    SNIPPETS,
    WAIT,
    WAIT_OPERATOR,
)

TRIGGER_RULES: Final = {
    Join.DEFAULT: "none_failed_min_one_success",
    Join.ALL_SUCCESS: "all_success",
    Join.ALL_DONE: "all_done",
    Join.ONE_FAILED: "one_failed",
}


def native_dag(definition: WorkflowDefinition, *, workflow_id: int) -> str:
    """Return the file of a DAG that does the same as the workflow.

    Raises:
        NotExportable: Airflow has nothing that does exactly the same; it lists what.
    """
    found = obstacles(definition)
    if found:
        raise NotExportable(found)
    variable_of = variables(task.name for task in definition.tasks)
    dependencies = {task.name: task.dependencies for task in definition.tasks}
    arguments = [*naming_arguments(definition, workflow_id), *_dag_arguments(definition)]
    return "".join(
        [
            _head(definition),
            _constants(definition),
            f"\n\n{SNIPPET_RUNNER}",
            f"\n\n{WAIT_OPERATOR}" if _waits(definition) else "",
            f"\n\nwith {call('DAG', arguments)}:\n",
            *(f"{TAB}{variable_of[task.name]} = {_operator(task)}\n" for task in definition.tasks),
            f"{TAB}pass\n" if not definition.tasks else "",
            f"\n{lines}" if (lines := edges(dependencies, variable_of)) else "",
        ]
    )


def _head(definition: WorkflowDefinition) -> str:
    waiting = WAIT_IMPORTS if _waits(definition) else ""
    return IMPORTS + waiting + timetable_import(definition.schedule)


def _waits(definition: WorkflowDefinition) -> bool:
    return any(task.kind is TaskKind.WAIT for task in definition.tasks)


def _constants(definition: WorkflowDefinition) -> str:
    snippets = (
        f"{text_literal(task.name)}: {code_literal(task.python_callable or '')}"
        for task in definition.tasks
        if task.kind is TaskKind.PYTHON
    )
    params = {task.name: task.params for task in definition.tasks if task.params}
    return f"\n{SNIPPETS} = {bracketed('{', snippets, '}', depth=0)}\n{PARAMS} = {literal(params)}\n"


def _dag_arguments(definition: WorkflowDefinition) -> list[str]:
    settings, limits = definition.settings, []
    if (runs := _max_active_runs(definition)) is not None:
        limits.append(f"max_active_runs={runs}")
    if settings.max_parallel is not None:
        limits.append(f"max_active_tasks={settings.max_parallel}")
    if settings.deadline_s is not None:
        limits.append(f"dagrun_timeout={seconds(settings.deadline_s)}")
    paused = [] if definition.is_active else ["is_paused_upon_creation=True"]
    params = [f"params={literal(definition.params, depth=1)}"] if definition.params else []
    return [*schedule_arguments(definition.schedule), *limits, *paused, *params]


def _max_active_runs(definition: WorkflowDefinition) -> int | None:
    if definition.schedule is not None and definition.schedule.overlap is Overlap.QUEUE_ONE:
        return 1
    return definition.settings.max_active_runs


def _operator(task: Task) -> str:
    if task.kind is TaskKind.WAIT:
        wait = f"wait={seconds(task.wait_s or 0)}"
        return call(WAIT, [*_task_arguments(task), wait], depth=1)
    arguments = [*_task_arguments(task), f"python_callable={RUNNER}"]
    if task.map_over is None:
        return call("PythonOperator", arguments, depth=1)
    return _mapped(task, items_of(task.map_over) or [], arguments)


def _mapped(task: Task, items: list[Any], arguments: list[str]) -> str:
    if task.max_parallel is not None:
        arguments.append(f"max_active_tis_per_dagrun={task.max_parallel}")
    each = literal([{ITEM: item} for item in items], depth=2)
    partial = call("PythonOperator.partial", arguments, depth=1)
    return partial + call(".expand", [f"op_kwargs={each}"], depth=1)


def _task_arguments(task: Task) -> list[str]:
    retries = [f"retries={task.retry_count}"]
    if task.retry_count:
        retries.append(f"retry_delay={seconds(task.retry_delay)}")
    limit = [f"execution_timeout={seconds(task.timeout_s)}"] if task.timeout_s is not None else []
    rule = f'trigger_rule="{TRIGGER_RULES[task.join]}"'
    return [f"task_id={text_literal(task.name)}", rule, *retries, *limit]
