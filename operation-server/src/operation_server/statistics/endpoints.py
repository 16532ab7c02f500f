"""Routes to see statistics."""

from __future__ import annotations

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


@router.get("/results/stats/summary", responses=problem_responses(401))
async def read_summary(caller: CallerDep, services: ServicesDep) -> Summary:
    """Summarise the last 24 hours: the caller's own jobs, for admins all."""
    return Summary.model_validate(await services[StatisticsService].summary(caller))
