"""The native export says the same as the definition, or is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from operation_server.workflows.airflow.native import native_dag
from operation_server.workflows.airflow.obstacles import NotExportable
from satellite.contracts.workflow import WorkflowDefinition
from tests.unit.operation_server.workflows.airflow.dag_file import DagFile, formatted
from tests.unit.operation_server.workflows.airflow.definitions import definitions, python_task, workflow


def native(*tasks: dict[str, Any], **fields: Any) -> DagFile:
    return DagFile(native_dag(workflow(*tasks, **fields), workflow_id=7))


def refused(*tasks: dict[str, Any], **fields: Any) -> list[str]:
    with pytest.raises(NotExportable) as caught:
        native(*tasks, **fields)
    return [violation.pointer for violation in caught.value.violations]


@given(definitions())
@settings(deadline=None)
def test_all_values_are_found_again(definition: WorkflowDefinition) -> None:
    text = native_dag(definition, workflow_id=7)
    file = DagFile(text)

    assert file.constant("SNIPPETS") == {task.name: task.python_callable for task in definition.tasks}
    assert file.constant("TASK_PARAMS") == {
        task.name: task.params for task in definition.tasks if task.params
    }
    assert file.dag["dag_display_name"] == definition.name
    assert file.dag.get("description", "") == definition.description
    assert file.dag.get("params", {}) == definition.params
    assert file.edges == {(before, task.name) for task in definition.tasks for before in task.dependencies}
    assert native_dag(definition, workflow_id=7) == text


@given(definitions())
@settings(deadline=None, max_examples=30)
def test_a_formatter_leaves_the_file_as_it_is(definition: WorkflowDefinition) -> None:
    text = native_dag(definition, workflow_id=7)

    assert formatted(text) == text


def test_retries_limits_and_joins_are_those_of_airflow() -> None:
    file = native(
        python_task("a"),
        python_task("b", dependencies=["a"], retry_count=2, retry_delay=1.5, timeout_s=60, join="one_failed"),
        settings={"max_active_runs": 3, "max_parallel": 4, "deadline_s": 3600},
    )

    assert file.operators["task_b"] == (
        "PythonOperator",
        {
            "task_id": "b",
            "trigger_rule": "one_failed",
            "retries": 2,
            "retry_delay": "timedelta(seconds=1.5)",
            "execution_timeout": "timedelta(seconds=60)",
            "python_callable": "run_snippet",
        },
    )
    assert file.operators["task_a"][1]["trigger_rule"] == "none_failed_min_one_success"
    assert file.dag["max_active_runs"] == 3
    assert file.dag["max_active_tasks"] == 4
    assert file.dag["dagrun_timeout"] == "timedelta(seconds=3600)"


@pytest.mark.parametrize(
    ("schedule", "written"),
    [
        (None, None),
        ("@midnight", "CronTriggerTimetable('@daily', timezone='UTC')"),
        (
            {"cron": "0 2 * * *", "timezone": "Asia/Seoul"},
            "CronTriggerTimetable('0 2 * * *', timezone='Asia/Seoul')",
        ),
        (
            {"every_s": 90},
            "DeltaTriggerTimetable(timedelta(seconds=90), interval=timedelta(seconds=90))",
        ),
    ],
)
def test_a_schedule_runs_at_its_ticks(schedule: object, written: str | None) -> None:
    assert native(python_task("a"), schedule=schedule).dag["schedule"] == written


def test_one_scheduled_run_at_once_unless_more_are_allowed() -> None:
    allowing = {"cron": "@daily", "overlap": "allow"}

    assert native(python_task("a"), schedule="@daily").dag["max_active_runs"] == 1
    assert "max_active_runs" not in native(python_task("a"), schedule=allowing).dag


def test_an_inactive_workflow_is_paused() -> None:
    assert native(python_task("a"), is_active=False).dag["is_paused_upon_creation"] is True
    assert "is_paused_upon_creation" not in native(python_task("a")).dag


def test_a_list_is_mapped() -> None:
    file = native(python_task("a", map_over='[1, "x", null]', max_parallel=2, on_item_failure="collect"))

    operator, arguments = file.operators["task_a"]
    assert operator == "PythonOperator"
    assert arguments["op_kwargs"] == [{"item": 1}, {"item": "x"}, {"item": None}]
    assert arguments["max_active_tis_per_dagrun"] == 2


def test_a_wait_holds_no_slot() -> None:
    file = native({"name": "w", "kind": "wait", "wait_s": 30})

    assert file.operators["task_w"][0] == "Wait"
    assert file.operators["task_w"][1]["wait"] == "timedelta(seconds=30)"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"kind": "plugin", "plugin_name": "p", "python_callable": None}, "/tasks/0/kind"),
        ({"kind": "approval", "python_callable": None}, "/tasks/0/kind"),
        ({"kind": "workflow", "workflow": "other", "python_callable": None}, "/tasks/0/kind"),
        ({"environment": "1.0.0"}, "/tasks/0/environment"),
        ({"when": "params.x > 1"}, "/tasks/0/when"),
        ({"map_over": "results.b", "on_item_failure": "collect"}, "/tasks/0/map_over"),
        ({"map_over": "[]", "on_item_failure": "collect"}, "/tasks/0/map_over"),
        ({"map_over": '["{{ x }}"]', "on_item_failure": "collect"}, "/tasks/0/map_over"),
        ({"map_over": str(list(range(250))).replace(" ", "")}, "/tasks/0/on_item_failure"),
        ({"join": "one_failed", "dependencies": ["b", "c"]}, "/tasks/0/join"),
        ({"join": "one_failed"}, "/tasks/0/join"),
        ({"join": "always", "dependencies": ["b"]}, "/tasks/0/join"),
    ],
)
def test_what_airflow_lacks_is_refused(fields: dict[str, Any], pointer: str) -> None:
    assert refused(python_task("a", **fields)) == [pointer]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"schedule": {"cron": "@daily", "catchup": "all"}}, "/schedule/catchup"),
        ({"schedule": {"cron": "@daily", "catchup": "none"}}, "/schedule/catchup"),
        ({"schedule": {"cron": "@daily", "overlap": "skip"}}, "/schedule/overlap"),
        ({"schedule": "0 0 */2 * 1"}, "/schedule/cron"),
        ({"settings": {"concurrency_key": "params.x"}}, "/settings/concurrency_key"),
        ({"settings": {"priority": 3}}, "/settings/priority"),
    ],
)
def test_what_airflow_does_otherwise_is_refused(fields: dict[str, Any], pointer: str) -> None:
    assert refused(python_task("a"), **fields) == [pointer]


def test_all_that_is_lacking_is_told_at_once() -> None:
    with pytest.raises(NotExportable, match=r"/tasks/0/when: task a: .* \(and 1 more") as caught:
        native(python_task("a", when="true"), {"name": "b", "kind": "approval"})

    assert [(each.task, each.pointer) for each in caught.value.obstacles] == [
        ("a", "/tasks/0/when"),
        ("b", "/tasks/1/kind"),
    ]
