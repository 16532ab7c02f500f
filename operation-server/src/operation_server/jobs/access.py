"""Whether a caller may see or change one job."""

from __future__ import annotations

from operation_server.accounts.access import Reach
from operation_server.accounts.errors import KeyTooNarrow
from operation_server.database.rows import AnyRow
from operation_server.jobs.errors import JobNotFound, JobNotYours


def within(reach: Reach, row: AnyRow | None, job_id: int) -> AnyRow:
    """Return the row of a job, which names its owner and its plugin.

    Raises:
        JobNotFound: there is none.
        JobNotYours, KeyTooNarrow: it is out of reach.
    """
    if row is None:
        raise JobNotFound(f"There is no job {job_id}.")
    if row.owner_id not in reach:
        raise JobNotYours(f"Job {job_id} is somebody else's.")
    if not reach.covers(row.plugin_name):
        raise KeyTooNarrow(f"Job {job_id} is of {row.plugin_name}, which this API key is not for.")
    return row
