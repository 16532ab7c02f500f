"""The Python clients know what the server tells of workflows, runs and schedules."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from operation_server.jobs.schemas import run as server_runs
from operation_server.workflows import schemas as server_workflows
from operation_server.workflows.backfills import schemas as server_backfills
from operation_server.workflows.runs import schemas as server_parts
from operation_server.workflows.schedules import schemas as server_schedules
from satellite.client import schedule_models, workflow_models

SAME_AS_ID = {"workflow_id", "task_id"}
PAIRS = [
    (server_runs.RunRead, workflow_models.Run, set()),
    (server_runs.TaskState, workflow_models.TaskState, set()),
    (server_runs.StepCounts, workflow_models.StepCounts, set()),
    (server_workflows.WorkflowDetail, workflow_models.Workflow, SAME_AS_ID),
    (server_workflows.Deployed, workflow_models.Deployment, set()),
    (server_workflows.VersionRead, workflow_models.WorkflowVersion, set()),
    (server_parts.RunGraph, workflow_models.RunGraph, set()),
    (server_parts.GraphNode, workflow_models.GraphNode, set()),
    (server_parts.StepRead, workflow_models.Step, set()),
    (server_parts.XComRead, workflow_models.XCom, set()),
    (server_parts.RestartRead, workflow_models.Restart, set()),
    (server_parts.TaskPlanRead, workflow_models.TaskPlan, set()),
    (server_schedules.ScheduleRead, schedule_models.ScheduleState, set()),
    (server_schedules.PreviewedTickRead, schedule_models.NextTick, set()),
    (server_schedules.TickRead, schedule_models.Tick, set()),
    (server_backfills.BackfillRead, schedule_models.Backfill, {"created_by"}),
    (server_backfills.BackfillPlan, schedule_models.BackfillPlan, set()),
    (server_backfills.PlannedTickRead, schedule_models.PlannedTick, set()),
]


@pytest.mark.parametrize(("told", "read", "left_out"), PAIRS, ids=lambda each: getattr(each, "__name__", ""))
def test_the_client_reads_what_the_server_tells(
    told: type[BaseModel], read: type[BaseModel], left_out: set[str]
) -> None:
    assert set(read.model_fields) == set(told.model_fields) - left_out
