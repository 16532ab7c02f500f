"""What a job is at, by evidence: records, locks of the kernel, the start of the host."""

import os
from typing import Any, Dict

from analysis_server.connector.remote import claim, ending, locks, progress, this_host
from analysis_server.connector.remote.folders import JobFolder


class Evidence:
    """What is known of one job at one moment."""

    def __init__(self, job: JobFolder) -> None:
        """Look; whether the supervisor lives is asked before its record is read, so that none is missed."""
        self.job = job
        self.owner = claim.read_owner(job) if claim.has_begun(job) else None
        self.is_alive = bool(self.owner) and supervisor_lives(job, self.owner or {})
        self.exit = ending.read_exit(job)
        self.phase = (progress.read_phase(job) or {}) if self.owner else {}

    @property
    def state(self) -> str:
        """Return the state, of which `orphan` says that nobody supervises what has begun."""
        if self.owner is None:
            return self._before_begin()
        if self.exit is not None:
            return "running" if self.is_alive and self.is_here else "ended"
        if self.owner.get("by") == "bury":
            return "buried"
        if self.is_alive or not self.is_here:
            return str(self.phase.get("phase", "claimed"))
        return "orphan"

    @property
    def is_here(self) -> bool:
        """Tell whether the job is of this host, whose kernel can be asked; after a restart too."""
        owner = self.owner or {}
        return not self.is_slurm and (began_here(owner) or owner.get("host") == this_host.host_name())

    @property
    def is_slurm(self) -> bool:
        """Tell whether Slurm started the job, which knows what became of it."""
        return bool((self.owner or {}).get("slurm_job_id"))

    def _before_begin(self) -> str:
        if os.path.exists(self.job.tomb):
            return "buried"
        if os.path.isdir(self.job.claim):
            return "claimed"
        return "staged" if os.path.isdir(self.job.path) else "absent"


def supervisor_lives(job: JobFolder, owner: Dict[str, Any]) -> bool:
    """Tell whether the supervisor of a job is there; only its own host can.

    The lock says so. Its file may be removed by whoever cleans up: then the supervisor is known by its number
    and the moment at which it began, which no other process of this boot has.
    """
    if owner.get("by") != "supervisor" or not began_here(owner):
        return False
    path = os.path.join(owner["locks"], job.name + ".alive")
    if locks.identity_of(path) == tuple(owner["alive"]):
        return locks.is_held(path)
    return this_host.same_process(owner["pid"], owner["start_time"])


def began_here(owner: Dict[str, Any]) -> bool:
    """Tell whether a job began in this start of this host, and among the processes that are seen here.

    Containers share the start of their host, but not its processes: another one is another host, and one that
    was restarted has started anew.
    """
    same_boot = owner.get("boot_id") == this_host.boot_id()
    return same_boot and owner.get("process_space") == this_host.process_space()
