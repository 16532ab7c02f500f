"""A DAG of a tutorial does as a workflow what it does in Airflow."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from satellite.contracts.workflow import WorkflowDefinition
from satellite.workflow_import.dag_file import read_dag
from tests.airflow.conftest import ASKED_FOR
from tests.airflow.installation import Airflow
from tests.unit.satellite.workflow_import.snippets import run

TUTORIAL = Path(__file__).with_name("tutorial.py")
DAY = "2025-01-01"


@pytest.fixture(scope="module")
def definition() -> dict[str, Any]:
    return read_dag(TUTORIAL.read_text())


def test_the_workflow_is_one_that_can_be_deployed(definition: dict[str, Any]) -> None:
    workflow = WorkflowDefinition.model_validate(definition)

    assert {task.name: set(task.dependencies) for task in workflow.tasks} == {
        "begin": set(),
        "words": {"begin"},
        "extract": {"begin"},
        "transform": {"extract"},
        "square": set(),
        "gather": {"square", "transform"},
        "report": {"gather", "words"},
    }
    assert workflow.schedule is not None
    assert workflow.schedule.every_s == 86_400


@pytest.mark.skipif(os.environ.get(ASKED_FOR) != "1", reason="a part of make test-airflow")
def test_its_tasks_return_what_they_return_in_airflow(airflow: Airflow, definition: dict[str, Any]) -> None:
    (airflow.dags / TUTORIAL.name).write_text(TUTORIAL.read_text())

    tested = airflow.test("tutorial")

    assert tested.state == "success", tested.said[-8_000:]
    mine = run(definition, day=DAY)
    assert mine["square"] == [tested.returned.pop(f"square[{index}]") for index in range(3)]
    assert {name: mine[name] for name in tested.returned} == tested.returned
    assert {name for name, value in mine.items() if value is not None} == tested.returned.keys() | {"square"}
