"""Every change of a job's state, and nothing else changes one.

Each transition is a function on a connection inside its caller's transaction. It is one set-based statement
(or two: lock and change), it is fenced by attempt and status, and it writes its durable events in the same
transaction. The events it returns are published after the commit; what is not published then is swept later.
"""

from operation_server.jobs.transitions.adopt import forget_handles, note_handles, offer_adoption
from operation_server.jobs.transitions.assume import assume_begun
from operation_server.jobs.transitions.cancel import CancelRequested, confirm_cancelled, request_cancel
from operation_server.jobs.transitions.catalog import PluginVersion, VersionCatalog
from operation_server.jobs.transitions.dispatch import Aside, DispatchedJob, Selection, select_and_mark
from operation_server.jobs.transitions.ending import Repaired
from operation_server.jobs.transitions.expire import expire_waiting, find_expired
from operation_server.jobs.transitions.fail_waiting import fail_waiting
from operation_server.jobs.transitions.finish import AppliedOutcomes, apply_outcomes
from operation_server.jobs.transitions.give_up import give_up_attempts
from operation_server.jobs.transitions.lose import lose_attempts
from operation_server.jobs.transitions.placement import DispatchCapacity
from operation_server.jobs.transitions.policy import LossBudget
from operation_server.jobs.transitions.recover import Settled, settle_unfinished
from operation_server.jobs.transitions.redispatch import release_undelivered
from operation_server.jobs.transitions.replay import replay
from operation_server.jobs.transitions.start import apply_started
from operation_server.jobs.transitions.submit import NewJob, SubmittedJobs, submit_jobs
from operation_server.jobs.transitions.unplaceable import Unplaceable, find_unplaceable

__all__ = [
    "AppliedOutcomes",
    "Aside",
    "CancelRequested",
    "DispatchCapacity",
    "DispatchedJob",
    "LossBudget",
    "NewJob",
    "PluginVersion",
    "Repaired",
    "Selection",
    "Settled",
    "SubmittedJobs",
    "Unplaceable",
    "VersionCatalog",
    "apply_outcomes",
    "apply_started",
    "assume_begun",
    "confirm_cancelled",
    "expire_waiting",
    "fail_waiting",
    "find_expired",
    "find_unplaceable",
    "forget_handles",
    "give_up_attempts",
    "lose_attempts",
    "note_handles",
    "offer_adoption",
    "release_undelivered",
    "replay",
    "request_cancel",
    "select_and_mark",
    "settle_unfinished",
    "submit_jobs",
]
