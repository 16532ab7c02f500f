"""Exported DAGs run in a real Airflow, in one process as `airflow dags test` does."""

from __future__ import annotations

from operation_server.workflows.airflow.dag_files import write_dag_file
from operation_server.workflows.airflow.mirror import mirror_dag
from operation_server.workflows.airflow.native import native_dag
from tests.airflow.installation import Airflow
from tests.airflow.stand_in import RUN_ID, StandIn
from tests.airflow.workflows import ENDS, MIRRORED, NATIVE


def test_the_native_export_does_the_same_without_satellite(airflow: Airflow) -> None:
    write_dag_file(airflow.dags, workflow_id=7, text=native_dag(NATIVE, workflow_id=7))

    tested = airflow.test("workflow_7", {"n": 4})

    assert tested.states == {
        "prepare": "success",
        "train": "success",
        "each-one[0]": "success",
        "each-one[1]": "success",
        "each-one[2]": "success",
        "pause": "success",
        "broken": "failed",
        "after": "upstream_failed",
        "mended": "success",
        "not.needed": "skipped",
        "last": "success",
    }, tested.said[-8_000:]
    assert tested.returned == {
        "train": [2, 2, {"n": 4, "nothing": None, "rate": 0.5}, "{{ not a template }}"],
        "each-one[0]": [0, 1],
        "each-one[1]": [1, "two"],
        "each-one[2]": [2, {"three": []}],
        "last": [1, "two"],
    }
    assert "shape (2, 2)" in tested.said


def test_the_mirror_shows_what_became_of_each_step(airflow: Airflow, satellite: StandIn) -> None:
    write_dag_file(airflow.dags, workflow_id=8, text=mirror_dag(MIRRORED, workflow_id=8))
    tested = airflow.test("workflow_8", {"n": 4})

    assert tested.states == {
        "trigger_run": "success",
        "good": "success",
        "bad": "failed",
        "left": "failed",
        "passed": "skipped",
        "at-last": "success",
        "end_run": "failed",
    }, tested.said[-8_000:]
    assert tested.state == "failed"
    assert all(f"log of {name}" in tested.said for name in ENDS)
    key, body = satellite.triggers[-1]
    assert key.startswith("airflow:workflow_8:manual__")
    assert body == {"params": {"n": 4}}
    assert tested.returned["trigger_run"] >= RUN_ID
