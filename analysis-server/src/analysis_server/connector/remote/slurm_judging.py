"""Judges jobs that run where no lock of ours can be asked: by what Slurm says, their record and their beats.

That Slurm does not know a job proves nothing, as it forgets: only one whose beats stand still too is lost.
"""

import os
import time
from typing import Any, Dict, List, Optional

from analysis_server.connector.remote import ending, judging, progress, records
from analysis_server.connector.remote.slurm_queue import SlurmJob

# File systems in the network show files of other hosts late.
LAG_S = 15.0
STANDSTILL_S = 120.0
REASONS = {"OUT_OF_MEMORY": "oom", "TIMEOUT": "timeout", "DEADLINE": "timeout", "CANCELLED": "cancelled"}


def relevant(jobs: List[SlurmJob], owner: Dict[str, Any]) -> Optional[SlurmJob]:
    """Return which of several jobs of one name is meant: the one that has begun, else one that may."""
    for job in jobs:
        if owner and job.number == owner.get("slurm_job_id"):
            return job
    active = [job for job in jobs if job.is_active]
    return None if owner or not jobs else (active or jobs)[0]


def judge(found: Dict[str, Any], evidence: Any, slurm_job: Optional[SlurmJob]) -> None:
    """Record how a job ended that Slurm says is over, once its own record had the time to appear."""
    if slurm_job is not None and slurm_job.is_active:
        return
    job = evidence.job
    beat = progress.read_beat(job).get("beat", 0)
    state = slurm_job.state if slurm_job is not None else "UNKNOWN"
    if not _stands_still(job.truth, state, beat):
        return
    # Slurm ends what it finds; where it counts no groups of the kernel, something may be left.
    if not judging.ends_tree_here(evidence.owner):
        return
    reason = REASONS.get(state, "lost")
    if reason == "cancelled" and not os.path.exists(job.cancel):
        reason = "lost"
    ending.clean_up(job)
    ending.record_exit(job, reason=reason, message=f"Slurm says {state}, and the supervisor left no record.")
    written = ending.read_exit(job)
    if written is not None:
        ending.write_markers(job, written)
        found.update(state="ended", exit=dict(written, outputs=None))
        evidence.exit = written


def _stands_still(folder: str, state: str, beat: int) -> bool:
    """Tell whether nothing has changed for long enough, by the clock of whoever asks."""
    path = os.path.join(folder, "slurm-seen.json")
    seen = records.read(path) or {}
    if seen.get("state") != state or seen.get("beat") != beat:
        records.write(path, {"state": state, "beat": beat, "at": time.time()})
        return False
    return bool(abs(time.time() - seen["at"]) > (STANDSTILL_S if state == "UNKNOWN" else LAG_S))
