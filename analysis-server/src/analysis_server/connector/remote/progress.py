"""What a supervisor tells while its job goes on: its phase as a record, its beat in a file of fixed size."""

import contextlib
import json
import os
import time
from typing import Any, Dict, Optional

from analysis_server.connector.remote import records
from analysis_server.connector.remote.folders import JobFolder

BEAT_BYTES = 256


class Progress:
    """Writes both; what cannot be written is left, as no job must end by it."""

    def __init__(self, job: JobFolder) -> None:
        """Make the room for beats."""
        self._job = job
        self._count = 0
        self.facts: Dict[str, Any] = {}
        with contextlib.suppress(OSError):
            records.make_reserve(job.beat, BEAT_BYTES)

    def enter(self, phase: str, **facts: Any) -> None:
        """Tell that a phase begins, and what became known."""
        self.facts.update(facts, phase=phase, phase_since=time.time())
        with contextlib.suppress(OSError):
            records.write(self._job.phase, self.facts)

    def beat(self, usage: Dict[str, Any]) -> None:
        """Count one more beat. It is the count that tells of life: clocks of two hosts need not agree."""
        self._count += 1
        line = json.dumps({"beat": self._count, "usage": usage}).encode("ascii").ljust(BEAT_BYTES)
        with contextlib.suppress(OSError):
            fd = os.open(self._job.beat, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                os.pwrite(fd, line, 0)
            finally:
                os.close(fd)


def read_beat(job: JobFolder) -> Dict[str, Any]:
    """Return the last beat; nothing before the first, or while one is being written."""
    beat = records.read(job.beat)
    return beat if isinstance(beat, dict) else {}


def read_phase(job: JobFolder) -> Optional[Dict[str, Any]]:
    """Return the phase that a supervisor is in."""
    phase = records.read(job.phase)
    return phase if isinstance(phase, dict) else None
