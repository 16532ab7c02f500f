"""`make drill-recovery`: a platform is backed up under load, goes on, is killed, and brought back.

Prints what came of it, and ends with 1 if a job of before is missing or has another's result, or if anything
of what was taken back is still to be seen: `python -m tests.drills.recovery --jobs 200`.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.acceptance.platform import Platform, fresh_platform, wait_for_job
from tests.fixtures.api import open_account

PLUGIN = "example-processor"
BOB = {"username": "bob@example.com", "password": "difference engine no 2"}
SETTLED_WITHIN_S = 600.0


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """What became of everything."""

    kept: int
    """Jobs that were submitted before the backup."""
    completed: int
    """Those of them that completed, each with the result of its own input."""
    taken_back: int
    """Jobs that were submitted after it."""
    still_seen: list[str]
    """What of after the backup is still there."""
    numbers_repeated: int
    backed_up_in_s: float
    brought_back_in_s: float

    @property
    def is_well(self) -> bool:
        """Tell whether nothing was lost that was backed up, and nothing of after it is left."""
        return self.completed == self.kept and not self.still_seen and not self.numbers_repeated


def submit(api: httpx.Client, numbers: Sequence[int]) -> dict[int, int]:
    """Submit a job of each number; return the numbers by the ids of the jobs."""
    jobs = [{"plugin_name": PLUGIN, "input_data": {"columns": ["n"], "rows": [[n]]}} for n in numbers]
    answer = api.post("/jobs/batch", json={"jobs": jobs})
    assert answer.status_code == 202, answer.text
    return dict(zip(answer.json()["ids"], numbers, strict=True))


def has_own_result(job: dict[str, Any], number: int) -> bool:
    """Tell whether a job has ended with the result of its own input."""
    return job["status"] == "completed" and job["result"]["rows"] == [[number]]


def store(api: httpx.Client, content: bytes) -> str:
    """Store a file and return its id."""
    answer = api.post("/files", params={"name": "f"}, content=content)
    assert answer.status_code == 201, answer.text
    file_id: str = answer.json()["id"]
    return file_id


@contextmanager
def logged_in(platform: Platform, credentials: dict[str, str]) -> Iterator[httpx.Client]:
    """Yield a client of an account."""
    answer = httpx.post(f"{platform.url}/api/v1/auth/token", json=credentials, timeout=60).raise_for_status()
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    with httpx.Client(base_url=f"{platform.url}/api/v1", headers=headers, timeout=120) as client:
        yield client


def kill(platform: Platform) -> None:
    """End the platform as a power cut does."""
    assert platform.process is not None
    os.killpg(platform.process.pid, signal.SIGKILL)
    platform.process.wait()


def drill(platform: Platform, *, jobs: int) -> Recovered:
    """Do all of it on a platform that runs, and leave it running."""
    backup = platform.home / "backup"
    with platform.api() as api:
        kept = submit(api, range(jobs // 2))
        for job_id in list(kept)[: jobs // 4]:
            wait_for_job(api, job_id, timeout_s=SETTLED_WITHIN_S)
        file_id = store(api, b"of before")
        kept |= submit(api, range(jobs // 2, jobs))
        began = time.monotonic()
        admin(platform, "backup", str(backup))
        backed_up_in_s = time.monotonic() - began
        open_account(api, BOB)
    with logged_in(platform, BOB) as bob:
        lost = submit(bob, range(jobs, 2 * jobs))
        lost_file = store(bob, b"bob's")
        for job_id in list(lost)[: jobs // 2]:
            wait_for_job(bob, job_id, timeout_s=SETTLED_WITHIN_S)
        bobs_login = {"Authorization": bob.headers["Authorization"]}
    kill(platform)

    began = time.monotonic()
    print(admin(platform, "restore", str(backup), "--finish"), flush=True)
    brought_back_in_s = time.monotonic() - began
    platform.start()
    platform.wait_worker_ready()
    with platform.api() as api:
        ended = {job_id: wait_for_job(api, job_id, timeout_s=SETTLED_WITHIN_S) for job_id in kept}
        new = submit(api, range(jobs))
        for job_id, number in new.items():
            assert has_own_result(wait_for_job(api, job_id, timeout_s=SETTLED_WITHIN_S), number)
        assert api.get(f"/files/{file_id}").content == b"of before"
        still_seen = [f"job {job_id}" for job_id in lost if api.get(f"/jobs/{job_id}").status_code != 404]
        if api.get(f"/files/{lost_file}").status_code != 404:
            still_seen.append("a file")
        for answer in (api.get("/users/me", headers=bobs_login), api.post("/auth/token", json=BOB)):
            if answer.status_code != 401:
                still_seen.append("an account")
    return Recovered(
        kept=len(kept),
        completed=sum(has_own_result(ended[job_id], number) for job_id, number in kept.items()),
        taken_back=len(lost),
        still_seen=still_seen,
        numbers_repeated=len(new.keys() & (lost.keys() | kept.keys())),
        backed_up_in_s=round(backed_up_in_s, 1),
        brought_back_in_s=round(brought_back_in_s, 1),
    )


def admin(platform: Platform, *words: str) -> str:
    """Run `satellite admin` and return what it said."""
    done = platform.command("admin", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def main() -> int:
    """Drill, and report."""
    parser = argparse.ArgumentParser(prog="make drill-recovery")
    parser.add_argument("--jobs", type=int, default=200, help="before the backup, and as many after it")
    options = parser.parse_args()
    with fresh_platform("--no-demo", "--runtime", "process") as platform:
        platform.start()
        platform.wait_worker_ready()
        recovered = drill(platform, jobs=options.jobs)
    print(recovered)
    return 0 if recovered.is_well else 1


if __name__ == "__main__":
    sys.exit(main())
