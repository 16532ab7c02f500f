"""`make drill-adoption`: parts are killed in turn under running containers, whose jobs go on where they were.

Prints what came of it, and ends with 1 if a job was lost, took effect twice, or if more than one in ten had
to begin again: `python -m tests.drills.adoption --jobs 50 --seconds 120`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from redis.exceptions import RedisError

from satellite.contracts import redis_keys
from satellite.contracts.identity import AttemptKey
from satellite.local.home import StackHome
from tests.acceptance.platform import Platform, running_platform, wait_for_job
from tests.chaos.faults import FAULTS, redis_client
from tests.chaos.marks import ContainerMarks
from tests.fixtures.servers import wait_until

Fault = Callable[[Platform], None]

PLUGIN = "drill-sleep"
IMAGE = "satellite/example-failing:1.0.0"
"""Made when the platform starts."""
PARTS: Mapping[str, Fault] = {
    name: FAULTS[name]
    for name in ("kill worker", "kill executor", "kill raylet", "redis FLUSHALL", "redis kill")
}
SETTLED_WITHIN_S = 600.0
HELD_FOR_S = 20.0
"""Longer than a lease lasts that nobody renews any more."""


@dataclass(frozen=True, kw_only=True)
class Struck:
    """What became of the jobs that ran when a part was killed."""

    fault: str
    jobs: int
    completed: int
    first_attempts: int
    doubled: int
    unheld_s: float
    """How long after the strike there was still one that no worker held."""
    completed_within_s: float

    @property
    def is_well(self) -> bool:
        """Tell whether all completed, once each, and nearly all without beginning again."""
        return self.completed == self.jobs and not self.doubled and self.first_attempts >= 0.9 * self.jobs


@contextmanager
def drilled_platform(*, slots: int) -> Iterator[tuple[Platform, ContainerMarks]]:
    """Run a platform in whose containers so many jobs fit that only sleep."""
    environment = {
        "SATELLITE_WORKER_CPUS": "256",
        "SATELLITE_WORKER_MEMORY_MIB": "65536",
        # On a machine with much else to do a worker may take minutes to come back.
        "SATELLITE_DISPATCH_ADOPTION_TIMEOUT_S": "300",
    }
    arguments = ("--no-demo", "--runtime", "container", "--slots", str(slots))
    with running_platform(*arguments, environment=environment) as platform:
        register(platform)
        yield platform, ContainerMarks(StackHome(path=platform.home).stack_id)


def register(platform: Platform) -> None:
    """Register a plugin that sleeps as long as it is told, with little of the machine."""
    with platform.api() as api:
        manifest = {
            "name": PLUGIN,
            "version": "1.0.0",
            "description": "Sleeps.",
            "docker_image": IMAGE,
            "input_schema": {},
            "output_schema": {},
            "resources": {"cpus": 0.1, "memory_mib": 64},
            "timeout_s": 900,
        }
        answer = api.post("/plugins", json=manifest)
        assert answer.status_code == 201, answer.text


def strike(platform: Platform, marks: ContainerMarks, *, fault: str, jobs: int, seconds: float) -> Struck:
    """Kill a part once all jobs run and could be adopted, and see what becomes of them."""
    with platform.api() as api:
        ids = submit(api, jobs, seconds)
        wait_until(lambda: adoptable(platform) >= jobs, timeout_s=SETTLED_WITHIN_S, interval_s=0.2)
        struck_at = time.monotonic()
        PARTS[fault](platform)
        unheld_s = wait_until_held(platform, api, ids, since=struck_at)
        ended = [wait_for_job(api, job_id, timeout_s=SETTLED_WITHIN_S) for job_id in ids]
        completed_within_s = time.monotonic() - struck_at
        results = [result_events(api, job_id) for job_id in ids]
    works = [sum(container.is_done for container in marks.of_job(job_id)) for job_id in ids]
    return Struck(
        fault=fault,
        jobs=jobs,
        completed=sum(job["status"] == "completed" for job in ended),
        first_attempts=sum(job["attempt"] == 1 for job in ended),
        doubled=sum(count != 1 for count in results)
        + sum(done > 1 and job["attempt"] == 1 for done, job in zip(works, ended, strict=True)),
        unheld_s=unheld_s,
        completed_within_s=completed_within_s,
    )


def submit(api: httpx.Client, jobs: int, seconds: float) -> list[int]:
    """Submit jobs that sleep."""
    job = {"plugin_name": PLUGIN, "input_data": {"how": "sleep", "seconds": seconds}}
    answer = api.post("/jobs/batch", json={"jobs": [job] * jobs})
    assert answer.status_code == 202, answer.text
    ids: list[int] = answer.json()["ids"]
    return ids


def adoptable(platform: Platform) -> int:
    """Count the attempts whose worker has told their handle."""
    with redis_client(platform) as redis:
        return sum(1 for _ in redis.scan_iter(match=redis_keys.ADOPTABLE, count=1000))


def wait_until_held(platform: Platform, api: httpx.Client, ids: Sequence[int], *, since: float) -> float:
    """Wait until all that still run have been held for a while; return when the last one was not."""
    last_unheld = since
    while time.monotonic() - last_unheld < HELD_FOR_S:
        running = [
            job
            for job in (api.get(f"/jobs/{job_id}").json() for job_id in ids)
            if job["status"] == "processing"
        ]
        if not all_held(platform, running):
            last_unheld = time.monotonic()
        time.sleep(0.5)
    return last_unheld - since


def all_held(platform: Platform, running: Sequence[dict[str, Any]]) -> bool:
    """Tell whether a worker holds the lease of each of these jobs."""
    keys = [AttemptKey(job["id"], job["attempt"], UUID(job["uid"])) for job in running]
    try:
        with redis_client(platform) as redis:
            return not keys or redis.exists(*map(redis_keys.lease, keys)) == len(keys)
    except (RedisError, ValueError):
        return False


def result_events(api: httpx.Client, job_id: int) -> int:
    """Count how often the end of a job was told."""
    events = api.get(f"/jobs/{job_id}/events").json()["items"]
    return sum(event["type"] == "result" for event in events)


def main() -> int:
    """Kill one part after the other, and report."""
    parser = argparse.ArgumentParser(prog="make drill-adoption")
    parser.add_argument("--jobs", type=int, default=50, help="containers that run when a part is killed")
    parser.add_argument("--seconds", type=float, default=120, help="how long each of them works")
    parser.add_argument("--faults", nargs="*", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    with drilled_platform(slots=options.jobs) as (platform, marks):
        found = []
        for fault in options.faults:
            found.append(strike(platform, marks, fault=fault, jobs=options.jobs, seconds=options.seconds))
            print(found[-1], flush=True)
    return 0 if all(each.is_well for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
