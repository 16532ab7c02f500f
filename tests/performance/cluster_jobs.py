"""`make bench-clusters`, second part: what jobs on a cluster wait for, on a platform of its own.

Promised are: 5 s for a submission, 1 s for a status, 20 jobs at once. Held to: submissions p95 below
1 s, status below 50 ms, an end seen within 2 s, 200 at once by at most 3 connections, a cancel within 5 s.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from tests.acceptance.clusters import ENDED, Lab, lab_of
from tests.acceptance.platform import running_platform
from tests.fixtures.servers import wait_until

ROUNDS = 30
AT_ONCE = 200
SLEEP_S = 60


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of all stays below."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def timed(action: Callable[[], object]) -> float:
    """Return how many seconds an action took."""
    began_s = time.perf_counter()
    action()
    return time.perf_counter() - began_s


def report(name: str, value_s: float, limit_s: float) -> bool:
    """Print a figure beside its limit, and return whether it is held."""
    held = value_s <= limit_s
    verdict = "" if held else "  NOT REACHED"
    print(f"{name:<44}{value_s * 1000:>10.1f} ms   (<= {limit_s * 1000:.0f} ms){verdict}", flush=True)
    return held


def submissions(lab: Lab) -> list[bool]:
    """Measure submissions, statuses, and how long after a command's end its job has ended."""
    took, seen, states, whole = [], [], [], []
    for _ in range(ROUNDS):
        began_s = time.perf_counter()
        job_id = lab.submit("date", "+%s.%N")
        took.append(time.perf_counter() - began_s)
        wait_until(lambda job_id=job_id: lab.job(job_id)["status"] in ENDED, timeout_s=60, interval_s=0.05)
        whole.append(time.perf_counter() - began_s)
        states.append(timed(lambda job_id=job_id: lab.job(job_id)))
        ended = datetime.fromisoformat(lab.job(job_id)["completed_at"]).timestamp()
        seen.append(ended - float(lab.log(job_id).strip()))
    print(f"a command that does nothing, from submission to its end: {statistics.median(whole):.2f} s")
    return [
        report("submission without data, p95", percentile(took, 0.95), 1),
        report("status, p95", percentile(states, 0.95), 0.05),
        report("end seen and collected, p95", percentile(seen, 0.95), 2),
    ]


def cancels(lab: Lab) -> list[bool]:
    """Measure cancels of jobs that have started a process which left their group."""
    took = []
    for _ in range(5):
        job_id = lab.submit("sh", "-c", "setsid sleep 600 & sleep 600")
        lab.wait_phase(job_id, "running")
        began_s = time.perf_counter()
        lab.api.post(f"/jobs/{job_id}/cancel").raise_for_status()
        wait_until(lambda job_id=job_id: lab.job(job_id)["status"] in ENDED, timeout_s=60, interval_s=0.05)
        took.append(time.perf_counter() - began_s)
    return [report("cancel, slowest of five", max(took), 5)]


def many_at_once(lab: Lab) -> list[bool]:
    """Have many jobs there at once, and count the connections."""
    lab.api.patch(f"/clusters/{lab.name}", json={"slots": AT_ONCE}).raise_for_status()
    ids = [lab.submit("sleep", str(SLEEP_S)) for _ in range(AT_ONCE)]
    connections, running = 0, 0
    while any(lab.job(job_id)["status"] not in ENDED for job_id in (ids[0], ids[-1])):
        cluster = lab.api.get(f"/clusters/{lab.name}").json()
        connections = max(connections, int(cluster["connections"]))
        running = max(running, int(cluster["running"]))
        time.sleep(1)
    completed = sum(lab.wait(job_id)["status"] == "completed" for job_id in ids)
    print(f"{running} at once of {AT_ONCE}, {completed} completed, by {connections} connections (<= 3)")
    return [completed == AT_ONCE, connections <= 3, running == AT_ONCE]


def main() -> int:
    """Measure all, and tell whether all is held."""
    with running_platform() as platform, lab_of(platform, "bench") as lab:
        lab.wait(lab.submit("true"))
        held = [*submissions(lab), *cancels(lab), *many_at_once(lab)]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
