"""Requests and answers about jobs. The models describe answers; rows are rendered directly, for speed."""

from operation_server.jobs.schemas.history import (
    AttemptList,
    AttemptRead,
    EventList,
    attempt_fields,
    event_fields,
    reset_fields,
)
from operation_server.jobs.schemas.job import JOB_EXAMPLE, JobList, JobRead
from operation_server.jobs.schemas.page import page_of
from operation_server.jobs.schemas.requests import (
    BatchCreate,
    BatchItem,
    BatchRead,
    CancelRead,
    CancelRequest,
    JobCreate,
)
from operation_server.jobs.schemas.run import RUN, RunRead, TaskState
from operation_server.jobs.schemas.timings import JobTimings, Timeline, timeline_of

__all__ = [
    "JOB_EXAMPLE",
    "RUN",
    "AttemptList",
    "AttemptRead",
    "BatchCreate",
    "BatchItem",
    "BatchRead",
    "CancelRead",
    "CancelRequest",
    "EventList",
    "JobCreate",
    "JobList",
    "JobRead",
    "JobTimings",
    "RunRead",
    "TaskState",
    "Timeline",
    "attempt_fields",
    "event_fields",
    "page_of",
    "reset_fields",
    "timeline_of",
]
