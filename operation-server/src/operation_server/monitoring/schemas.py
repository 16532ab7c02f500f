"""Answers about the platform at a glance."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class WorkflowCounts(BaseModel):
    """How many workflows there are."""

    total: int = Field(examples=[3])
    active: int = Field(examples=[2])
    deployed: int = Field(examples=[2])


class PlatformStats(BaseModel):
    """The last 24 hours."""

    workflows: WorkflowCounts
    runs_by_status: dict[str, int] = Field(examples=[{"completed": 12, "failed": 1}])
    jobs_by_status: dict[str, int] = Field(examples=[{"completed": 120, "failed": 3}])
    success_rate: float | None = Field(description="Completed of all runs that have ended.", examples=[0.92])
    average_run_s: float | None = Field(description="Of completed runs.", examples=[3.4])


class PlatformHealth(BaseModel):
    """How the parts of the platform are."""

    status: Literal["healthy", "unhealthy"] = Field(examples=["healthy"])
    parts: dict[str, str] = Field(examples=[{"database": "ok", "redis": "ok", "disk": "ok", "workers": "ok"}])
    workers: int = Field(description="Live ones.", examples=[2])
