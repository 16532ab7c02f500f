"""Routes to see statistics."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import ServicesDep
from operation_server.problems import problem_responses
from operation_server.statistics.service import StatisticsService

router = APIRouter(tags=["statistics"])


class PluginFigures(BaseModel):
    """Times of the completed jobs of a plugin."""

    plugin_name: str = Field(examples=["example-classifier"])
    completed: int = Field(examples=[120])
    average_total_ms: float | None = Field(examples=[21.4])
    p95_total_ms: float | None = Field(examples=[35.0])


class ModelFigures(BaseModel):
    """Times and failures of the jobs that asked a version of a model."""

    model_name: str = Field(examples=["lstm_timeseries"])
    model_version: int = Field(examples=[3])
    completed: int = Field(examples=[120])
    failed: int = Field(examples=[1])
    average_total_ms: float | None = Field(examples=[21.4])
    p95_total_ms: float | None = Field(examples=[35.0])


class Summary(BaseModel):
    """The last 24 hours, by the time of submission; a second old, older where jobs are many."""

    by_status: dict[str, int] = Field(examples=[{"completed": 120, "failed": 3}])
    by_plugin: list[PluginFigures] = Field(
        examples=[
            [
                {
                    "plugin_name": "example-classifier",
                    "completed": 120,
                    "average_total_ms": 21.4,
                    "p95_total_ms": 35.0,
                }
            ]
        ]
    )
    by_model: list[ModelFigures] = Field(
        description="Of jobs that asked models, by name and version.",
        examples=[
            [
                {
                    "model_name": "lstm_timeseries",
                    "model_version": 3,
                    "completed": 120,
                    "failed": 1,
                    "average_total_ms": 21.4,
                    "p95_total_ms": 35.0,
                }
            ]
        ],
    )


class Step(BaseModel):
    """Jobs that ended in a part of the day."""

    at: datetime = Field(description="When it began.", examples=["2026-01-02T03:30:00Z"])
    completed: int = Field(examples=[12])
    failed: int = Field(examples=[1])
    cancelled: int = Field(examples=[0])
    median_total_ms: float | None = Field(description="Of those that completed.", examples=[20.1])
    p95_total_ms: float | None = Field(examples=[35.0])


class FailureFigures(BaseModel):
    """How many jobs failed for a reason."""

    kind: str = Field(examples=["timeout"])
    jobs: int = Field(examples=[3])


class Waiting(BaseModel):
    """Jobs that could run now, and wait."""

    jobs: int = Field(examples=[4])
    oldest_at: datetime | None = Field(
        description="Since when the oldest one waits.", examples=["2026-01-02T03:04:05Z"]
    )


STEP_EXAMPLE: dict[str, Any] = {
    "at": "2026-01-02T03:30:00Z",
    "completed": 12,
    "failed": 1,
    "cancelled": 0,
    "median_total_ms": 20.1,
    "p95_total_ms": 35.0,
}


class History(BaseModel):
    """The last 24 hours, by the time of the end, and what waits now; a second old, or older."""

    step_s: int = Field(examples=[1_800])
    steps: list[Step] = Field(
        description="All of the day, the oldest first; the last one goes on.", examples=[[STEP_EXAMPLE]]
    )
    by_failure: list[FailureFigures] = Field(
        description="The most frequent first.", examples=[[{"kind": "timeout", "jobs": 3}]]
    )
    waiting: Waiting


@router.get("/results/stats/history", responses=problem_responses(401, 403))
async def read_history(caller: CallerDep, services: ServicesDep) -> History:
    """Show throughput, times and failures over the last 24 hours: the caller's own jobs, for admins all."""
    return History.model_validate(await services[StatisticsService].history(caller))


@router.get("/results/stats/summary", responses=problem_responses(401))
async def read_summary(caller: CallerDep, services: ServicesDep) -> Summary:
    """Summarise the last 24 hours: the caller's own jobs, for admins all."""
    return Summary.model_validate(await services[StatisticsService].summary(caller))
