"""What names jobs and attempts for ever, in messages, in Redis and in fences.

After a recovery from a backup the numbers of jobs and attempts are given out again, while messages, claims
and leases of their first holders are still about. So each job has a random `uid` beside its number.
"""

from __future__ import annotations

import functools
import hashlib
from typing import NamedTuple
from uuid import UUID


class JobKey(NamedTuple):
    """What names a job."""

    job_id: int
    uid: UUID


class AttemptKey(NamedTuple):
    """What names an attempt."""

    job_id: int
    attempt: int
    uid: UUID

    @property
    def job(self) -> JobKey:
        """Return what names its job."""
        return JobKey(self.job_id, self.uid)


@functools.lru_cache(maxsize=1_024)
def uid_by_number(job_id: int) -> UUID:
    """Return the uid of a job that was there before jobs had any, and of whatever names its job without one.

    Migration 0005 computes the same. A job that was submitted later never has it.
    """
    return UUID(bytes=hashlib.md5(b"satellite job %d" % job_id, usedforsecurity=False).digest())
