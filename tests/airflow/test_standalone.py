"""Exported DAGs in a whole Airflow: scheduler, triggerer and REST API."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from operation_server.workflows.airflow.dag_files import write_dag_file
from operation_server.workflows.airflow.mirror import mirror_dag
from operation_server.workflows.airflow.native import native_dag
from tests.airflow.conftest import ASKED_FOR
from tests.airflow.installation import Airflow
from tests.airflow.stand_in import StandIn
from tests.airflow.standalone import Standalone, standalone
from tests.airflow.workflows import MIRRORED, NATIVE
from tests.fixtures.servers import wait_until

READ_S = 120

pytestmark = [
    pytest.mark.skipif(os.environ.get(ASKED_FOR) != "1", reason="a part of make test-airflow"),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def server(airflow: Airflow) -> Iterator[Standalone]:
    """A running Airflow with both exports in its folder."""
    write_dag_file(airflow.dags, workflow_id=7, text=native_dag(NATIVE, workflow_id=7))
    write_dag_file(airflow.dags, workflow_id=8, text=mirror_dag(MIRRORED, workflow_id=8))
    with standalone(airflow) as server:
        for dag_id in ("workflow_7", "workflow_8"):
            wait_until(lambda dag_id=dag_id: server.has(dag_id), timeout_s=READ_S, interval_s=1)
        yield server


def test_the_native_export_runs_without_satellite(server: Standalone, satellite: StandIn) -> None:
    asked_before = len(satellite.triggers)

    states = server.ended("workflow_7", server.trigger("workflow_7", {"n": 4}))

    assert states == {
        "workflow_7": "failed",
        "prepare": "success",
        "train": "success",
        "pause": "success",
        "broken": "failed",
        "after": "upstream_failed",
        "mended": "success",
        "not.needed": "skipped",
        "last": "success",
    }
    assert len(satellite.triggers) == asked_before


def test_the_mirror_attaches_again_to_the_run_it_began(server: Standalone, satellite: StandIn) -> None:
    satellite.triggers.clear()
    satellite.runs.clear()
    satellite.refusals = 1
    run_id = server.trigger("workflow_8", {"n": 4})
    expected = {
        "workflow_8": "failed",
        "trigger_run": "success",
        "good": "success",
        "bad": "failed",
        "left": "failed",
        "passed": "skipped",
        "at-last": "success",
        "end_run": "failed",
    }
    assert server.ended("workflow_8", run_id) == expected
    assert "log of good" in server.log_of("workflow_8", run_id, "good")

    server.run_again("workflow_8", run_id)

    wait_until(lambda: len(satellite.triggers) == 2, timeout_s=READ_S, interval_s=1)
    assert server.ended("workflow_8", run_id) == expected
    assert satellite.triggers == [(f"airflow:workflow_8:{run_id}", {"params": {"n": 4}})] * 2
    assert len(satellite.runs) == 1
