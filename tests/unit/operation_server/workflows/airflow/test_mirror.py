"""The mirror has the tasks of the workflow, between one that triggers its run and one that ends with it."""

from __future__ import annotations

from hypothesis import given, settings

from operation_server.workflows.airflow.mirror import mirror_dag
from satellite.contracts.workflow import WorkflowDefinition
from tests.unit.operation_server.workflows.airflow.dag_file import DagFile, formatted
from tests.unit.operation_server.workflows.airflow.definitions import definitions, python_task, workflow

DIAMOND = workflow(
    python_task("a"),
    python_task("b", dependencies=["a"]),
    {"name": "c", "kind": "approval", "dependencies": ["a"], "when": "params.x"},
    python_task("d", dependencies=["b", "c"], map_over="results.a"),
    schedule="@daily",
)


@given(definitions())
@settings(deadline=None)
def test_the_graph_is_that_of_the_workflow(definition: WorkflowDefinition) -> None:
    file = DagFile(mirror_dag(definition, workflow_id=7))

    names = {task.name for task in definition.tasks}
    mine = {(before, after) for before, after in file.edges if {before, after} <= names}
    assert mine == {(before, task.name) for task in definition.tasks for before in task.dependencies}
    assert len(file.operators) == len(names) + 2
    assert file.dag["dag_display_name"] == definition.name


@given(definitions())
@settings(deadline=None, max_examples=30)
def test_a_formatter_leaves_the_file_as_it_is(definition: WorkflowDefinition) -> None:
    text = mirror_dag(definition, workflow_id=7, scheduled_by_airflow=True)

    assert formatted(text) == text


def test_all_kinds_of_task_are_waited_for() -> None:
    file = DagFile(mirror_dag(DIAMOND, workflow_id=7))

    assert {name: operator for name, (operator, _) in file.operators.items()} == {
        "task_trigger_run": "TriggerRun",
        "task_a": "WaitForStep",
        "task_b": "WaitForStep",
        "task_c": "WaitForStep",
        "task_d": "WaitForStep",
        "task_end_run": "WaitForRun",
    }
    assert {("trigger_run", "a"), ("d", "end_run")} <= file.edges
    assert file.dag["dag_id"] == "workflow_7"
    assert file.constant("WORKFLOW_ID") == 7


def test_satellite_has_decided_what_runs() -> None:
    file = DagFile(mirror_dag(DIAMOND, workflow_id=7))

    rules = {name: arguments["trigger_rule"] for name, (_, arguments) in file.operators.items()}
    assert rules["task_a"] == "all_success"
    assert {rules[f"task_{name}"] for name in ("b", "c", "d", "end_run")} == {"all_done"}


def test_there_is_one_clock() -> None:
    mirrored = DagFile(mirror_dag(DIAMOND, workflow_id=7))
    scheduled = DagFile(mirror_dag(DIAMOND, workflow_id=7, scheduled_by_airflow=True))

    assert mirrored.dag["schedule"] is None
    assert scheduled.dag["schedule"] == "CronTriggerTimetable('@daily', timezone='UTC')"


def test_names_of_ours_make_way_for_those_of_the_author() -> None:
    definition = workflow(python_task("trigger_run"), python_task("end_run", dependencies=["trigger_run"]))

    file = DagFile(mirror_dag(definition, workflow_id=7))

    assert file.constant("TRIGGER") == "trigger_run_"
    assert ("trigger_run_", "trigger_run") in file.edges
    assert ("end_run", "end_run_") in file.edges
