"""The file of a mirror, run with as much of Airflow as its operators use."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any, Self
from unittest import mock

from operation_server.workflows.airflow.mirror import mirror_dag
from satellite.contracts.workflow import WorkflowDefinition


class Failed(Exception):
    """Airflow's failure that is not tried again."""


class Skipped(Exception):
    """What Airflow shows as skipped."""


class Dag:
    def __init__(self, **arguments: Any) -> None:
        self.arguments = arguments

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the block."""


class Operator:
    def __init__(self, *, task_id: str, **_: Any) -> None:
        self.task_id = task_id

    def __rshift__(self, other: Any) -> Any:
        return other

    __rrshift__ = __rshift__


def load_mirror(definition: WorkflowDefinition, connection: SimpleNamespace) -> SimpleNamespace:
    """Return the names of a mirror that reaches Satellite by a connection."""
    sdk = ModuleType("airflow.sdk")
    vars(sdk).update(
        DAG=Dag,
        BaseOperator=Operator,
        BaseSensorOperator=Operator,
        Connection=SimpleNamespace(get=lambda _: connection),
    )
    exceptions = ModuleType("airflow.sdk.exceptions")
    vars(exceptions).update(AirflowFailException=Failed, AirflowSkipException=Skipped)
    modules = {"airflow": ModuleType("airflow"), "airflow.sdk": sdk, "airflow.sdk.exceptions": exceptions}
    names: dict[str, Any] = {}
    with mock.patch.dict(sys.modules, modules):
        exec(compile(mirror_dag(definition, workflow_id=7), "mirror", "exec", dont_inherit=True), names)
    return SimpleNamespace(**names)


def context_of(
    *, run_id: int | None = None, airflow_run: str = "manual__1", conf: Any = None
) -> dict[str, Any]:
    """Return the context of a task, which pulls the number of a run."""
    return {
        "dag_run": SimpleNamespace(dag_id="workflow_7", run_id=airflow_run, conf=conf),
        "ti": SimpleNamespace(xcom_pull=lambda *, task_ids: run_id),
    }
