"""How far runs of workflows are, in the words that answers, events and clients share.

A run itself has the states of a job.
"""

from __future__ import annotations

from enum import StrEnum


class RunTrigger(StrEnum):
    """Why a run was begun."""

    MANUAL = "manual"
    SCHEDULE = "schedule"
    BACKFILL = "backfill"
    RESTART = "restart"
    WORKFLOW = "workflow"
    """It does a step of another run."""


class TaskStatus(StrEnum):
    """How far a task of a run is."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    """For people or time; it holds no slot."""
    COMPLETED = "completed"
    FAILED = "failed"
    BLOCKED = "blocked"
    """It did not run, because something before it has failed."""
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Tell whether the task has ended."""
        return self not in {TaskStatus.PENDING, TaskStatus.RUNNING, TaskStatus.WAITING}


class StepStatus(StrEnum):
    """How far a step is; while it is submitted, its job tells more."""

    READY = "ready"
    SUBMITTED = "submitted"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
