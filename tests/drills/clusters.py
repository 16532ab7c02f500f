"""`make drill-clusters`: jobs on a cluster while the line, the host and all of ours are struck in turn.

Each job writes a line into a file of the host when it begins and one when it is done, so that effects are
counted there and not in what we believe: `python -m tests.drills.clusters --jobs 1000 --seconds 600`.
Prints what came of it, and ends with 1 if a job was lost, doubled, stuck, or if a card is still taken.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx

from tests.acceptance.clusters import CARDS, ENDED, Lab, lab_of
from tests.acceptance.platform import running_platform
from tests.chaos.client import persist
from tests.chaos.faults import FAULTS
from tests.fixtures.servers import wait_until

WAVE = 100
"""So many jobs are sent in one request."""
DEAD_S = 15.0
BETWEEN_S = (4.0, 12.0)
SETTLED_WITHIN_S = 1_800.0


def _dead_line(lab: Lab) -> None:
    with lab.host.blackhole():
        time.sleep(DEAD_S)


def _no_sshd(lab: Lab) -> None:
    lab.host.stop()
    time.sleep(DEAD_S / 3)
    lab.host.start()


def _kill_supervisors(lab: Lab) -> None:
    """Kill what watches over the jobs on the host, whose processes live on as orphans."""
    command = lab.host.inside("pkill", "-9", "-f", "agent-[0-9a-f]*[.]pyz .* supervise")
    subprocess.run(command, check=False)


STRIKES: Mapping[str, Callable[[Lab], object]] = {
    "sshd sessions killed": lambda lab: lab.host.kill_sessions(),
    "line dead for 15 s": _dead_line,
    "no sshd for 5 s": _no_sshd,
    "connector killed": lambda lab: lab.kill_connector(),
    "supervisors killed": _kill_supervisors,
    "host started anew": lambda lab: lab.host.reboot(),
    "dispatcher killed": lambda lab: FAULTS["kill dispatcher"](lab.platform),
    "results killed": lambda lab: FAULTS["kill results consumer"](lab.platform),
    "API killed": lambda lab: FAULTS["kill api"](lab.platform),
    "Redis emptied": lambda lab: FAULTS["redis FLUSHALL"](lab.platform),
    "connections of Redis cut": lambda lab: FAULTS["redis CLIENT KILL"](lab.platform),
}


@dataclass(frozen=True, kw_only=True)
class Drilled:
    """What became of all jobs."""

    jobs: int
    completed: int
    stuck: int
    failed: int
    lost: int
    """Completed without an effect."""
    doubled: int
    """With more than one effect, though the host was not struck while they ran."""
    begun: Counter[int]
    """How many jobs began how often."""
    strikes: Counter[str]
    most_connections: int
    cards_taken: int

    @property
    def is_well(self) -> bool:
        """Tell whether nothing was lost, doubled or left."""
        return self.completed == self.jobs and not (self.lost or self.doubled or self.cards_taken)


def submit(lab: Lab, count: int, *, seconds: float) -> list[int]:
    """Send jobs, every tenth of which takes a card."""
    folder = lab.host.folder / "home"
    ids = []
    for number in range(count):
        script = f"echo $JOB_ID >> {folder}/begun; sleep {seconds}; echo $JOB_ID >> {folder}/done"
        body = {"command": ["sh", "-c", script], "gpus": int(number % 10 == 0), "cluster": lab.name}
        ids.append(_submit_once(lab, body))
    return ids


def _submit_once(lab: Lab, body: Mapping[str, object]) -> int:
    headers = {"Idempotency-Key": uuid4().hex}
    return int(persist(lambda: lab.api.post("/gpu-jobs", json=body, headers=headers))["id"])


def drill(lab: Lab, *, jobs: int, seconds: float, rng: random.Random) -> Drilled:
    """Send jobs in waves, strike until all were sent and the time is over, and count."""
    ids: list[int] = []
    strikes: Counter[str] = Counter()
    most_connections = 0
    until_s = time.monotonic() + seconds
    while len(ids) < jobs or time.monotonic() < until_s:
        if len(ids) < jobs:
            ids += submit(lab, min(WAVE, jobs - len(ids)), seconds=rng.uniform(0.2, 6))
        name = rng.choice(list(STRIKES))
        print(f"{len(ids)} sent, {name}", flush=True)
        STRIKES[name](lab)
        strikes[name] += 1
        time.sleep(rng.uniform(*BETWEEN_S))
        most_connections = max(most_connections, connections(lab))
    return count(lab, ids, strikes, most_connections)


def connections(lab: Lab) -> int:
    """Return how many connections the connector says it has."""
    return int(persist(lambda: lab.api.get(f"/clusters/{lab.name}"))["connections"])


def count(lab: Lab, ids: Sequence[int], strikes: Counter[str], most_connections: int) -> Drilled:
    """Wait until all have ended, and compare with what the host says."""
    wait_until(lambda: not unended(lab, ids), timeout_s=SETTLED_WITHIN_S, interval_s=2)
    ended = [lab.job(job_id) for job_id in ids]
    begun, done = (lines(lab.host.folder / "home" / name) for name in ("begun", "done"))
    completed = [job["id"] for job in ended if job["status"] == "completed"]
    for job in ended:
        if job["status"] != "completed":
            print("not completed:", job["id"], job["status"], job["error"], flush=True)
    lab.wait_state("ready")
    nodes = lab.api.get(f"/clusters/{lab.name}/nodes").json()["items"]
    return Drilled(
        jobs=len(ids),
        completed=len(completed),
        stuck=len(unended(lab, ids)),
        failed=sum(job["status"] == "failed" for job in ended),
        lost=sum(not done[job_id] for job_id in completed),
        doubled=sum(done[job["id"]] > 1 + job["losses"] for job in ended),
        begun=Counter(begun[job_id] for job_id in ids),
        strikes=strikes,
        most_connections=most_connections,
        cards_taken=sum(card["holder"] is not None for node in nodes for card in node["cards"]),
    )


def unended(lab: Lab, ids: Sequence[int]) -> list[int]:
    """Return the jobs that have not ended."""
    with lab.platform.api() as api:
        return [job_id for job_id in ids if _status(api, job_id) not in ENDED]


def _status(api: httpx.Client, job_id: int) -> str:
    return str(persist(lambda: api.get(f"/jobs/{job_id}"))["status"])


def lines(path: Path) -> Counter[int]:
    """Count the lines of a file, which are numbers of jobs."""
    return Counter(map(int, path.read_text().split())) if path.exists() else Counter()


def main() -> int:
    """Strike, count, and report."""
    parser = argparse.ArgumentParser(prog="make drill-clusters")
    parser.add_argument("--jobs", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=600, help="the least time that is struck for")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(10**6)
    print(f"seed {seed}, {CARDS} simulated cards", flush=True)
    with running_platform() as platform, lab_of(platform, "drill") as lab:
        lab.api.patch(f"/clusters/{lab.name}", json={"slots": 200}).raise_for_status()
        found = drill(lab, jobs=options.jobs, seconds=options.seconds, rng=random.Random(seed))
    print(found, flush=True)
    return 0 if found.is_well else 1


if __name__ == "__main__":
    sys.exit(main())
