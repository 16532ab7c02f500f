"""All SQL that reads jobs, and what hangs on them."""

from operation_server.jobs.repository.both_kinds import count_all, list_all
from operation_server.jobs.repository.documents import SMALL_PAYLOADS, document_of
from operation_server.jobs.repository.history import find_log, list_attempts, list_events
from operation_server.jobs.repository.job_filter import JobFilter
from operation_server.jobs.repository.jobs import (
    COUNTED_AT_MOST,
    count,
    find,
    find_by_keys,
    find_head,
    find_many,
    find_timings,
    find_waiting,
    group_by_plugin,
    list_ids,
    list_page,
)
from operation_server.jobs.repository.run_filter import RunFilter
from operation_server.jobs.repository.runs import (
    find_result_event,
    find_run,
    find_run_around,
    find_run_head,
    find_step,
    find_step_of,
    has_ended,
    list_step_jobs,
    list_step_logs,
)
from operation_server.jobs.repository.surroundings import Circumstances, look_around

__all__ = [
    "COUNTED_AT_MOST",
    "SMALL_PAYLOADS",
    "Circumstances",
    "JobFilter",
    "RunFilter",
    "count",
    "count_all",
    "document_of",
    "find",
    "find_by_keys",
    "find_head",
    "find_log",
    "find_many",
    "find_result_event",
    "find_run",
    "find_run_around",
    "find_run_head",
    "find_step",
    "find_step_of",
    "find_timings",
    "find_waiting",
    "group_by_plugin",
    "has_ended",
    "list_all",
    "list_attempts",
    "list_events",
    "list_ids",
    "list_page",
    "list_step_jobs",
    "list_step_logs",
    "look_around",
]
