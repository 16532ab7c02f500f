"""All SQL that reads jobs, and what hangs on them."""

from operation_server.jobs.repository.documents import SMALL_PAYLOADS, document_of
from operation_server.jobs.repository.history import find_log, list_attempts, list_events
from operation_server.jobs.repository.job_filter import JobFilter
from operation_server.jobs.repository.jobs import (
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
from operation_server.jobs.repository.surroundings import Circumstances, look_around

__all__ = [
    "SMALL_PAYLOADS",
    "Circumstances",
    "JobFilter",
    "count",
    "document_of",
    "find",
    "find_by_keys",
    "find_head",
    "find_log",
    "find_many",
    "find_timings",
    "find_waiting",
    "group_by_plugin",
    "list_attempts",
    "list_events",
    "list_ids",
    "list_page",
    "look_around",
]
