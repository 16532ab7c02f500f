"""Records how a job ended whose supervisor cannot: what is left of it is ended first."""

from typing import Any, Dict

from analysis_server.connector.remote import ending, memory_limit, process_tree, records
from analysis_server.connector.remote.folders import JobFolder
from analysis_server.connector.remote.job_state import Evidence, began_here

KILL_WITHIN_S = 3.0


def judge(evidence: Evidence) -> Dict[str, Any]:
    """Return the exit record of a job without a supervisor; nothing while something of it resists.

    May be repeated, and by several at once: the first record stays.
    """
    job, owner = evidence.job, evidence.owner or {}
    if not began_here(owner):
        return _record(job, "reboot", "The host started anew while the job ran.")
    reason, message = "lost", "The supervisor was killed, and nothing of the job is left."
    if process_tree.Tree(owner["mark"], tuple(owner["tree"])).members():
        reason, message = "orphan", "The supervisor was killed; what was left of the job was ended."
    if not ends_tree_here(owner):
        return {}
    memory_limit.remove_group(evidence.phase.get("memory_group"))
    return _record(job, reason, message)


def ends_tree_here(owner: Dict[str, Any]) -> bool:
    """End what is left of a job on this host, which other hosts cannot; False if something resists."""
    if not began_here(owner):
        return True
    tree = process_tree.Tree(owner["mark"], tuple(owner["tree"]))
    return process_tree.end(tree.members, grace_s=0, kill_s=KILL_WITHIN_S)


def _record(job: JobFolder, reason: str, message: str) -> Dict[str, Any]:
    """Write the record, on a full disk into the room that was kept for it."""
    try:
        ending.clean_up(job)
        ending.record_exit(job, reason=reason, message=message)
    except OSError as error:
        if not records.is_full(error):
            raise
        return {}
    written = ending.read_exit(job) or {}
    if written:
        ending.write_markers(job, written)
    return written
