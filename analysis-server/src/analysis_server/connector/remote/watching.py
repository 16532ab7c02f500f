"""Waits until something of some jobs changes."""

import os
import time
from typing import Any, Callable, Dict, List

from analysis_server.connector.remote import names, polling
from analysis_server.connector.remote.errors import BadRequest
from analysis_server.connector.remote.job_state import Evidence
from analysis_server.connector.remote.polling import Wanted

PAUSE_S = 0.1
CLOSELY_S = 1.0
CLOSE_LOOK_EVERY_S = 1.0
WAIT_S_MAX = 300


def watch(base: str, body: Any, is_over: Callable[[], bool] = lambda: False) -> Dict[str, Any]:
    """Return reports of those jobs whose state or log is beyond what the asker knows, none after `wait_s`.

    Each job is asked about with the `state` and the `log_offset` that the asker has.
    """
    body = names.mapping(body, field="The request")
    wanted = polling.wanted_jobs(base, body)
    wait_s = body.get("wait_s", 0)
    if isinstance(wait_s, bool) or not isinstance(wait_s, (int, float)) or not 0 <= wait_s <= WAIT_S_MAX:
        raise BadRequest("wait_s must be a number of seconds from 0 to %d." % WAIT_S_MAX)
    until = time.monotonic() + wait_s
    glances = [Glance(asked) for asked in wanted]
    changed = changed_jobs(glances)
    while not changed and time.monotonic() < until and not is_over():
        time.sleep(PAUSE_S)
        changed = changed_jobs(glances)
    answer = polling.heading()
    answer["jobs"] = polling.report(changed, log_bytes_max=polling.log_bytes_max(body))
    return answer


def changed_jobs(glances: "List[Glance]") -> List[Wanted]:
    """Return the jobs of which there is something new."""
    return [glance.asked for glance in glances if glance.is_changed()]


class Glance:
    """Looks at one job often, and closely only when something stirs or it was not looked at for a while."""

    def __init__(self, asked: Wanted) -> None:
        """Take what is asked about."""
        self.asked = asked
        self._seen: Any = None
        self._closely_until = 0.0
        self._next_close_look = 0.0

    def is_changed(self) -> bool:
        """Tell whether the job has another state than the asker knows, or more of a log."""
        if self._has_more_log():
            return True
        now, seen = time.monotonic(), _changed_at(self.asked.job.truth)
        if seen != self._seen:
            # What stirs goes on for a moment: the record of an end is there before its supervisor is gone.
            self._seen, self._closely_until = seen, now + CLOSELY_S
        if now > self._closely_until and now < self._next_close_look:
            return False
        self._next_close_look = now + CLOSE_LOOK_EVERY_S
        state = Evidence(self.asked.job).state
        # That a job waits in the queue of a cluster only its launcher knows, which `poll` asks.
        return state != self.asked.state and (state, self.asked.state) != ("claimed", "waiting")

    def _has_more_log(self) -> bool:
        job, offset = self.asked.job, self.asked.log_offset
        return polling.log_size(job) > offset and bool(polling.read_log(job, offset, 1)["log"])


def _changed_at(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0
