"""What is exported for Airflow and imported again is the same workflow."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from operation_server.workflows.airflow.native import native_dag
from satellite.contracts.workflow import WorkflowDefinition
from satellite.workflow_import.dag_file import read_dag
from satellite.workflow_import.faults import NotImportable
from tests.unit.operation_server.workflows.airflow.definitions import definitions, python_task, workflow


def again(definition: WorkflowDefinition) -> WorkflowDefinition:
    return WorkflowDefinition.model_validate(read_dag(native_dag(definition, workflow_id=7)))


@given(definitions())
@settings(deadline=None)
def test_any_workflow_comes_back(definition: WorkflowDefinition) -> None:
    found = again(definition)

    # Airflow has one limit of runs, which an export sets so that those of a schedule wait for each other.
    assert found.model_copy(update={"settings": definition.settings}) == definition
    assert native_dag(found, workflow_id=7) == native_dag(definition, workflow_id=7)


def test_an_export_that_was_changed_is_read_as_it_is() -> None:
    text = native_dag(workflow(python_task("a", map_over="[1]", on_item_failure="collect")), workflow_id=7)

    with pytest.raises(NotImportable, match="an export maps over a list of"):
        read_dag(text.replace('"item": 1', '"other": 1'))
    # With another runner its snippets are values of a function like any other.
    changed = read_dag(native_dag(workflow(python_task("a")), workflow_id=7).replace("None, code", "3, code"))
    assert "SNIPPETS" in changed["tasks"][0]["python_callable"]


def test_settings_maps_and_waits_come_back() -> None:
    definition = workflow(
        python_task(
            "a", retry_count=2, retry_delay=1.5, timeout_s=60, map_over='[1, {"x": null}]', max_parallel=2
        )
        | {"on_item_failure": "collect"},
        {"name": "b", "kind": "wait", "wait_s": 2.5, "dependencies": ["a"], "join": "all_done"},
        python_task("c", dependencies=["b"], join="one_failed"),
        python_task("d", dependencies=["a", "c"], join="all_success"),
        settings={"max_active_runs": 3, "max_parallel": 4, "deadline_s": 60},
        schedule={"cron": "0 2 * * *", "timezone": "Asia/Seoul", "overlap": "allow"},
        is_active=False,
        params={"x": 1},
    )

    assert again(definition) == definition
