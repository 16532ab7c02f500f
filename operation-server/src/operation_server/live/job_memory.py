"""What a process remembers of jobs that were told of lately."""

from __future__ import annotations

from cachetools import LRUCache

from operation_server.live.frame import Frame
from satellite.contracts.event import EventType
from satellite.contracts.identity import JobKey

REMEMBERED_JOBS = 10_000


class JobMemory:
    """The newest progress of running jobs, and which have ended; those told of longest ago are forgotten."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._progress: LRUCache[JobKey, Frame] = LRUCache(REMEMBERED_JOBS)
        self._finished: LRUCache[int, None] = LRUCache(REMEMBERED_JOBS)

    def remember(self, frame: Frame) -> None:
        """Remember what an event tells of its job."""
        if frame.type == EventType.PROGRESS:
            self._progress[frame.job] = frame
        elif frame.type == EventType.STATUS:
            # Whatever happens next, it is no longer the progress of the attempt before.
            self._progress.pop(frame.job, None)
            self._finished.pop(frame.job.job_id, None)
        elif frame.ends_story:
            self._finished[frame.job.job_id] = None

    def latest_progress(self, job: JobKey) -> Frame | None:
        """Return the newest progress of a running job, if there was any."""
        return self._progress.get(job)

    def has_finished(self, job_id: int) -> bool:
        """Tell whether a job was told to have ended."""
        return job_id in self._finished
