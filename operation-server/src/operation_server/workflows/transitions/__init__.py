"""Every change of a run, its tasks and steps; the end of a step by its job is written by `jobs/transitions/`.

Each transition is a function on a connection inside its caller's transaction, and locks the run first.
"""

from operation_server.workflows.transitions.advance import Advanced, advance_run
from operation_server.workflows.transitions.advance_parts import AdvanceParts
from operation_server.workflows.transitions.begin import BegunRun, NewRun, begin_run
from operation_server.workflows.transitions.cancel import DEADLINE, RunCancelled, cancel_run, find_overdue
from operation_server.workflows.transitions.fault import note_fault
from operation_server.workflows.transitions.restart import restart_run, statuses_of
from operation_server.workflows.transitions.retry import retry_run
from operation_server.workflows.transitions.versions import DeployedVersion, VersionMemory
from operation_server.workflows.transitions.wait import decide_step, end_due_waits
from operation_server.workflows.transitions.wake import (
    find_stuck,
    list_woken,
    wake_first_queued,
    wake_runs,
)

__all__ = [
    "DEADLINE",
    "AdvanceParts",
    "Advanced",
    "BegunRun",
    "DeployedVersion",
    "NewRun",
    "RunCancelled",
    "VersionMemory",
    "advance_run",
    "begin_run",
    "cancel_run",
    "decide_step",
    "end_due_waits",
    "find_overdue",
    "find_stuck",
    "list_woken",
    "note_fault",
    "restart_run",
    "retry_run",
    "statuses_of",
    "wake_first_queued",
    "wake_runs",
]
